"""`exosuit context embed`: vectors of a context's chunks, for questions in other words than the code has."""

from __future__ import annotations

from typing import Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.completion import completing
from exosuit_cli.cli.messages import log_ending
from exosuit_cli.cli.streams import print_ascii_json
from exosuit_cli.model.errors import UsageError

_CODECS = ("fp32", "fp16", "int8")


def embed_command(
    context: opt.NameArgument = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="lsa|FOLDER|URL",
            help="Analysis of the repository itself; a model folder; or a server that speaks /v1/embeddings.",
            show_default="that of the vectors there are, else lsa",
        ),
    ] = None,
    codec: Annotated[
        str | None,
        typer.Option(
            "--codec",
            metavar="NAME",
            help="How a number is kept: fp32, fp16 or int8.",
            show_default="that of the vectors there are, else int8",
            autocompletion=completing(lambda: _CODECS),
        ),
    ] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Embed every chunk, as if there were no vector.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the vectors.")] = False,
    name: opt.Name = None,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
    debug: opt.Debug = False,
) -> None:
    """Give every chunk a vector, or those that have none yet; questions weigh it from then on."""
    with command_border(debug=debug, quiet=quiet):
        meant = opt.one_name(context, name)
        if remove and (model or codec or anew or as_json):
            raise UsageError("--remove deletes the vectors; give it with the name of the context alone")
        if remove:
            _remove(meant, quiet=quiet)
            return
        from exosuit_cli.commands.embed import embed_context
        from exosuit_cli.report.progress import status_line
        from exosuit_cli.system.stop import stop_on_signals

        with stop_on_signals() as stop, status_line(quiet) as progress:
            outcome = embed_context(meant, model, codec, anew=anew, stop=stop, progress=progress)
        with standard_output():
            if as_json:
                from exosuit_cli.report.context.document import embed_document

                print_ascii_json(embed_document(outcome.result))
            elif not quiet:
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.context.vectors import print_embed

                print_embed(open_console(), outcome.result)
        code = log_ending(outcome.ending)
        if code:
            raise SystemExit(code)


def _remove(name: str | None, *, quiet: bool) -> None:
    from exosuit_cli.commands.embed import remove_vectors
    from exosuit_cli.model.units import counted

    found, count = remove_vectors(name)
    if not quiet:
        with standard_output():
            typer.echo(f"{found}: {counted(count, 'vector')} deleted")
