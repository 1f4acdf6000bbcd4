"""`exosuit scan`: every file of a tree, its digest, its lines, its tokens; nothing left out in silence."""

from __future__ import annotations

from typing import Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, logger
from exosuit_cli.cli.options import OUTPUT, WORK
from exosuit_cli.report.scan.manifest import MANIFESTS


def scan_command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", parser=opt.path, help="Directories and files to scan.", show_default=False),
    ] = None,
    tokens: Annotated[
        bool | None,
        typer.Option("--tokens/--no-tokens", help="Count tokens.", rich_help_panel=WORK, show_default="yes"),
    ] = None,
    encoding: opt.Encoding = None,
    hash_name: Annotated[
        str | None, typer.Option("--hash", metavar="NAME", help="blake3 or xxh3.", rich_help_panel=WORK)
    ] = None,
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
        typer.Option(metavar="FILE", help=f"Write records to FILE: {', '.join(MANIFESTS)}.", rich_help_panel=OUTPUT),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Any warning or estimate is a failed check.", rich_help_panel=OUTPUT)
    ] = False,
    config: opt.Config = None,
    log_file: opt.LogFile = None,
    verbose: opt.Verbose = 0,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
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
        from exosuit_cli.workers.ahead import begin

        chosen = settings.scan
        begin(
            "scan",
            paths or (),
            hash=chosen.hash,
            encoding=encoding,
            workers=chosen.workers,
            use_index=chosen.index and not stdin0,
            follow=chosen.follow,
            with_table=False,
        )
        # Imported only now: the vocabulary is loading meanwhile.
        from exosuit_cli.commands.scan import ScanCommand

        command = ScanCommand(
            paths=tuple(paths or ()),
            settings=settings,
            encoding=encoding,
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
        code = command.run(logger)
        if code:
            raise typer.Exit(code)
