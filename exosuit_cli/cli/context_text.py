"""`exosuit context get`, `cat` and `export`: texts of a context as they were loaded."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.streams import json_output, named_file, print_ascii_json
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO


def get_command(
    words: Annotated[
        list[str],
        typer.Argument(metavar="[NAME] ID", parser=opt.text, help="The id of a chunk, or its first digits."),
    ],
    name: opt.Name = None,
    as_json: opt.Json = False,
    debug: opt.Debug = False,
) -> None:
    """Print the text of one chunk; on a terminal, where it lies as well."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import find_chunk

        found = find_chunk(*_in_context(words, name))
        with standard_output():
            if as_json:
                from exosuit_cli.report.context.document import chunk_document

                print_ascii_json(chunk_document(found))
                return
            if sys.stdout.isatty():
                from exosuit_cli.report.console import open_console
                from exosuit_cli.report.context.terminal import print_places

                print_places(open_console(), found)
            _write_text(found.text)


def cat_command(
    words: Annotated[list[str], typer.Argument(metavar="[NAME] PATH", parser=opt.text, help="A file of the context.")],
    name: opt.Name = None,
    debug: opt.Debug = False,
) -> None:
    """Print one text file as it was loaded."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import read_file

        with standard_output():
            for text in read_file(*_in_context(words, name)):
                _write_text(text)


def export_command(
    context: opt.NameArgument = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Write to FILE.", show_default="stdout")
    ] = None,
    text: Annotated[bool, typer.Option(help="The text of each chunk.")] = True,
    working: Annotated[bool, typer.Option("--working", help="The working context only.")] = False,
    name: opt.Name = None,
    debug: opt.Debug = False,
) -> None:
    """Write every chunk as one line of JSON, as `exosuit chunk` does, in the order of the context."""
    with command_border(debug=debug):
        from exosuit_cli.commands.context import check_export, export_chunks, find_context
        from exosuit_cli.report.context.jsonl import write_chunks

        found, place = find_context(opt.one_name(context, name)), named_file(output)
        check_export(found, place)
        chunks = export_chunks(found, working=working)
        with _opened(place) as file:
            write_chunks(file, chunks, text=text)


def _in_context(words: list[str], name: str | None) -> tuple[str | None, str]:
    """The context that is named, before the last word or by `--name`, and the last word."""
    *before, last = words
    if len(before) > 1:
        raise UsageError(f"{len(words)} words, and two are the most: the name of a context, and {last!r} in it")
    return opt.one_name(before[0] if before else None, name), last


def _write_text(text: bytes) -> None:
    """Write a text as it is; on a terminal, what could act on it is escaped."""
    if sys.stdout.isatty():
        from exosuit_cli.system.names import display_text

        sys.stdout.write(display_text(text))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(text)


@contextmanager
def _opened(output: str | None) -> Iterator[BinaryIO]:
    """A file that takes its place at the end; None: stdout."""
    from exosuit_cli.commands.chunk_output import open_file

    if output is None:
        with standard_output(), json_output(sys.stdout.buffer) as file:
            yield file
        return
    with open_file(output) as file:
        yield file
