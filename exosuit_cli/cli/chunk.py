"""`exosuit chunk`: text files cut where their structure does, every chunk under the cap and counted exactly."""

from __future__ import annotations

from typing import Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, logger
from exosuit_cli.cli.options import OUTPUT

CHUNKS = "Chunks"


def chunk_command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", parser=opt.path, help="Directories and files to cut.", show_default=False),
    ] = None,
    max_tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", help="The cap of a chunk.", rich_help_panel=CHUNKS)
    ] = 512,
    min_tokens: Annotated[
        int | None,
        typer.Option(
            "--min-tokens",
            metavar="N",
            help="Smaller chunks only where the structure asks for it.",
            rich_help_panel=CHUNKS,
            show_default="64, or an eighth of the cap",
        ),
    ] = None,
    max_chars: Annotated[
        int, typer.Option("--max-chars", metavar="N", help="A cap in characters too.", rich_help_panel=CHUNKS)
    ] = 0,
    overlap: Annotated[
        int,
        typer.Option("--overlap", metavar="N", help="Tokens to repeat of the chunk before.", rich_help_panel=CHUNKS),
    ] = 0,
    boundaries: Annotated[
        str, typer.Option("--boundaries", metavar="NAME", help="structure, ast or lines.", rich_help_panel=CHUNKS)
    ] = "structure",
    encoding: opt.Encoding = None,
    workers: opt.Workers = None,
    device: opt.Device = None,
    ignore: opt.Ignore = None,
    hidden: opt.Hidden = None,
    follow: opt.Follow = None,
    one_file_system: opt.OneFileSystem = None,
    max_file_size: opt.MaxFileSize = None,
    include: opt.Include = None,
    exclude: opt.Exclude = None,
    stdin0: opt.Stdin0 = False,
    stdin: Annotated[
        str | None,
        typer.Option("--stdin", metavar="FILENAME", help="Cut the text on stdin, named so.", rich_help_panel=CHUNKS),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to FILE; - is stdout.", rich_help_panel=OUTPUT),
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="jsonl or parquet.",
            rich_help_panel=OUTPUT,
            show_default="by FILE's extension, else jsonl",
        ),
    ] = None,
    text: Annotated[
        bool, typer.Option("--text/--no-text", help="The text of each chunk.", rich_help_panel=OUTPUT)
    ] = True,
    stats: Annotated[
        bool,
        typer.Option("--stats", help="Statistics on stdout; without -o instead of chunks.", rich_help_panel=OUTPUT),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="The statistics as one JSON document.", rich_help_panel=OUTPUT)
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Any warning or estimate is a failed check.", rich_help_panel=OUTPUT)
    ] = False,
    config: opt.Config = None,
    log_file: opt.LogFile = None,
    verbose: opt.Verbose = 0,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
) -> None:
    """Cut text files into chunks that end where the code does, with exact token counts and stable ids."""
    with command_border(debug=debug, verbose=verbose, quiet=quiet, log_file=log_file):
        flags: dict[str, object] = {
            "scan.encoding": encoding,
            "scan.workers": workers,
            "scan.device": device,
            "scan.ignore": ignore,
            "scan.hidden": hidden,
            "scan.follow": follow,
            "scan.one_file_system": one_file_system,
            "scan.max_file_size": max_file_size,
        }
        from exosuit_cli.config import load_settings

        settings = load_settings(config, flags).settings
        from exosuit_cli.workers.ahead import begin

        chosen = settings.scan
        begin(
            "chunk",
            (),
            hash=chosen.hash,
            encoding=chosen.encoding if stdin is None else None,
            workers=chosen.workers,
            use_index=False,
            follow=chosen.follow,
            with_table=True,
        )
        # Imported only now: the vocabulary is loading meanwhile.
        from exosuit_cli.commands.chunk import ChunkCommand

        command = ChunkCommand(
            paths=tuple(paths or ()),
            settings=settings,
            max_tokens=max_tokens,
            min_tokens=min_tokens,
            max_chars=max_chars,
            overlap=overlap,
            boundaries=boundaries,
            max_file_size_is_given=max_file_size is not None,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            stdin0=stdin0,
            stdin=stdin,
            output=output,
            form=form,
            with_text=text,
            stats=stats,
            as_json=as_json,
            log_file=log_file,
            strict=strict,
            verbose=verbose,
            quiet=quiet,
        )
        code = command.run(logger)
        if code:
            raise typer.Exit(code)
