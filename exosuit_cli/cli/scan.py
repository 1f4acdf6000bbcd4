"""`exosuit scan`: every file of a tree, its digest, its lines, its tokens; nothing left out in silence."""

from __future__ import annotations

from typing import Annotated

import typer

from exosuit_cli.cli.border import command_border, logger

SELECTION = "Selection"
WORK = "Work"
OUTPUT = "Output"


def scan_command(
    paths: Annotated[
        list[str] | None, typer.Argument(metavar="PATH...", help="Directories and files to scan.", show_default=False)
    ] = None,
    tokens: Annotated[
        bool | None,
        typer.Option("--tokens/--no-tokens", help="Count tokens.", rich_help_panel=WORK, show_default="yes"),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="o200k_base or cl100k_base.", rich_help_panel=WORK)
    ] = None,
    hash_name: Annotated[
        str | None, typer.Option("--hash", metavar="NAME", help="blake3 or xxh3.", rich_help_panel=WORK)
    ] = None,
    workers: Annotated[
        int | None, typer.Option(metavar="N", help="Processes; 0 is one a processor.", rich_help_panel=WORK)
    ] = None,
    device: Annotated[str | None, typer.Option(help="auto, cpu or cuda:N.", rich_help_panel=WORK)] = None,
    ignore: Annotated[
        bool | None,
        typer.Option("--ignore/--no-ignore", help="Apply ignore rules as git does.", rich_help_panel=SELECTION),
    ] = None,
    hidden: Annotated[
        bool | None,
        typer.Option("--hidden/--no-hidden", help="Scan names that start with a dot.", rich_help_panel=SELECTION),
    ] = None,
    follow: Annotated[
        bool | None, typer.Option("--follow/--no-follow", help="Follow symbolic links.", rich_help_panel=SELECTION)
    ] = None,
    one_file_system: Annotated[
        bool | None,
        typer.Option(
            "--one-file-system/--no-one-file-system", help="Stay on one file system.", rich_help_panel=SELECTION
        ),
    ] = None,
    max_file_size: Annotated[
        str | None,
        typer.Option(metavar="SIZE", help="Skip larger files, for example 4GiB; 0: none.", rich_help_panel=SELECTION),
    ] = None,
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Only what matches; repeatable.", rich_help_panel=SELECTION),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB", help="Not what matches; repeatable.", rich_help_panel=SELECTION),
    ] = None,
    stdin0: Annotated[
        bool,
        typer.Option("--stdin0", help="Scan the NUL-separated names on stdin, below PATH.", rich_help_panel=SELECTION),
    ] = False,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read everything and compare with the index.", rich_help_panel=WORK)
    ] = False,
    index: Annotated[
        bool | None, typer.Option("--index/--no-index", help="Use the incremental index.", rich_help_panel=WORK)
    ] = None,
    top: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Length of the lists.", rich_help_panel=OUTPUT)
    ] = None,
    tree: Annotated[bool, typer.Option("--tree", help="Tokens by directory.", rich_help_panel=OUTPUT)] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.", rich_help_panel=OUTPUT)] = False,
    as_jsonl: Annotated[bool, typer.Option("--jsonl", help="One JSON line a path.", rich_help_panel=OUTPUT)] = False,
    manifest: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Write records to FILE: .jsonl, .jsonl.zst or .parquet.", rich_help_panel=OUTPUT
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Any warning or estimate is a failed check.", rich_help_panel=OUTPUT)
    ] = False,
    config: Annotated[
        str | None, typer.Option(metavar="FILE", help="A settings file to use.", rich_help_panel=OUTPUT)
    ] = None,
    log_file: Annotated[
        str | None, typer.Option(metavar="FILE", help="Append JSON log lines to FILE.", rich_help_panel=OUTPUT)
    ] = None,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Say more.", rich_help_panel=OUTPUT)] = 0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.", rich_help_panel=OUTPUT)] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Traceback with an error.", rich_help_panel=OUTPUT)] = False,
) -> None:
    """Scan repositories: files, bytes, lines, exact tokens, digests, duplicates, and a ledger of every path."""
    with command_border(debug=debug, verbose=verbose, quiet=quiet, log_file=log_file):
        flags: dict[str, object] = {
            "scan.encoding": encoding,
            "scan.hash": hash_name,
            "scan.workers": workers,
            "scan.device": device,
            "scan.ignore": ignore,
            "scan.hidden": hidden,
            "scan.follow": follow,
            "scan.one_file_system": one_file_system,
            "scan.max_file_size": max_file_size,
            "scan.index": index,
            "scan.top": top,
        }
        from exosuit_cli.config import load_settings

        settings = load_settings(config, flags).settings
        encoding = settings.scan.encoding if tokens is not False else None
        zygote = None
        if encoding is not None:
            from exosuit_cli.ingest.index_path import fork_early

            where = [] if stdin0 else paths or []
            defaults = settings.scan
            zygote = fork_early(where, defaults.hash, encoding, workers=defaults.workers, use_index=defaults.index)
        # Imported only now: the vocabulary is loading meanwhile.
        from exosuit_cli.cli.scan_run import ScanCommand

        command = ScanCommand(
            paths=tuple(paths or ()),
            settings=settings,
            encoding=encoding,
            zygote=zygote,
            include=tuple(include or ()),
            exclude=tuple(exclude or ()),
            stdin0=stdin0,
            verify=verify,
            tree=tree,
            as_json=as_json,
            as_jsonl=as_jsonl,
            manifest=manifest,
            log_file=log_file,
            strict=strict,
            quiet=quiet,
        )
        try:
            code = command.run(logger)
        finally:
            if zygote is not None:
                zygote.close()
        if code:
            raise typer.Exit(code)
