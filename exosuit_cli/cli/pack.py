"""`exosuit pack`: the files of a tree as one text for a model, exact to the token."""

from __future__ import annotations

import io
import os
import sys
from contextlib import ExitStack, contextmanager, nullcontext
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from exosuit_cli.cli.border import command_border, logger, standard_output
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags, flags_named
from exosuit_cli.cli.messages import log_ending, log_warnings
from exosuit_cli.cli.pack_flags import PACK, PackOutputFlags
from exosuit_cli.cli.remote import with_sources
from exosuit_cli.config.option import declared, filled
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.options import PackOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.commands.pack import OpenPack
    from exosuit_cli.commands.pack_request import PackRequest
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.pack.result import PackResult


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Write the files of a tree as one text for a model, with exact token counts, under a budget."""
    session, flags = filled(SessionFlags, given), filled(PackOutputFlags, given)
    with command_border(
        debug=session.debug,
        verbose=session.verbose,
        quiet=session.quiet,
        log_file=session.log_file,
        tree=paths or (".",),
    ):
        from exosuit_cli.cli.streams import OWN_STREAMS, STDOUT, named_file, names_on_stdin
        from exosuit_cli.commands.pack_request import pack_request

        if (flags.stats or flags.json) and flags.output == STDOUT:
            raise UsageError("--stats and --json write to stdout as --output - does; give one of them, or a FILE")
        if flags.copy and given.get("split"):
            raise UsageError("--copy takes one text, and --split makes several; leave one of them out")
        if flags.copy:
            from exosuit_cli.system.clipboard import find_clipboard

            find_clipboard(sys.stderr)  # now, not when all is packed
        with flags_named(declared(PackOptions)):
            request = pack_request(
                paths,
                given,
                output=named_file(flags.output),
                config=session.config,
                names=names_on_stdin() if session.stdin0 else None,
                outputs=(*OWN_STREAMS, session.log_file),
            )
        if request.packing.query is not None:
            from exosuit_cli.cli.pack_query import run_with_query

            copied = io.BytesIO() if flags.copy else None
            code = run_with_query(
                request, flags, lambda: _open_output(request, flags, copied, quiet=session.quiet), session
            )
            _copy(copied, is_whole=not code)
            if code:
                raise SystemExit(code)
            return
        # Imported only now: what was begun ahead is loading meanwhile.
        from exosuit_cli.commands.pack import run_pack
        from exosuit_cli.system.stop import stop_on_signals

        copied = io.BytesIO() if flags.copy else None
        with stop_on_signals() as stop:
            outcome = run_pack(request, lambda: _open_output(request, flags, copied, quiet=session.quiet), stop=stop)
        log_warnings(outcome.warnings)
        _copy(copied, is_whole=outcome.result.scan.partial is None)
        with standard_output():
            _report(outcome.result, request, flags, session)
        logger.info("pack finished: %d files, %d tokens", len(outcome.result.files), outcome.result.tokens)
        code = log_ending(outcome.ending, outcome.result.scan)
        if code:
            raise SystemExit(code)


def _copy(copied: io.BytesIO | None, *, is_whole: bool) -> None:
    if copied is not None and is_whole:
        from exosuit_cli.system.clipboard import find_clipboard

        find_clipboard(sys.stderr).copy(copied.getvalue())


def is_silent(flags: PackOutputFlags) -> bool:
    """Whether only the report is wanted, or the clipboard."""
    return flags.output is None and (flags.stats or flags.json or flags.copy)


@contextmanager
def _open_output(
    request: PackRequest, flags: PackOutputFlags, copied: io.BytesIO | None, *, quiet: bool
) -> Iterator[OpenPack]:
    """Where the pack goes, and a live line where it does not come between."""
    from exosuit_cli.cli.streams import descriptor, is_unseen, progress_line, text_output
    from exosuit_cli.commands.chunk_output import open_file
    from exosuit_cli.commands.pack import OpenPack
    from exosuit_cli.pack.output import PackOutput

    if is_silent(flags):
        with progress_line(quiet) as progress:
            yield OpenPack(PackOutput(copied or _Nowhere()), None, progress)
        return
    if request.packing.split and request.output is not None:
        with _parts(request.output, request.paths) as first, progress_line(quiet) as progress:
            # Further parts are opened once all is walked.
            yield OpenPack(first, descriptor(cast("BinaryIO", first.file)), progress)
        return
    with standard_output() if request.output is None else open_file(request.output) as named:
        file = sys.stdout.buffer if named is None else named
        with (
            progress_line(quiet) if is_unseen(file) else nullcontext() as progress,
            text_output(file) as shown,
        ):
            target = shown if copied is None else _Both(shown, copied)
            yield OpenPack(PackOutput(target, request.output), descriptor(file), progress)


@contextmanager
def _parts(output: str, tree: tuple[str, ...]) -> Iterator[PackOutput]:
    """The first of several files, `NAME-1.xml` for `NAME.xml`; they take their places together, at the end."""
    from exosuit_cli.commands.chunk_output import is_special, open_file
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.system.atomic import AtomicFiles
    from exosuit_cli.system.outputs import refuse_links_inside

    root, suffix = os.path.splitext(output)
    with ExitStack() as stack:
        files = stack.enter_context(AtomicFiles(mode=0o644))

        def part(number: int) -> PackOutput:
            name = f"{root}-{number}{suffix}"
            refuse_links_inside(name, tree)
            is_plain = not (is_special(name) or os.path.islink(name))
            file = files.open(name) if is_plain else stack.enter_context(open_file(name))
            return PackOutput(file, name, part if number == 1 else None)

        yield part(1)


class _Nowhere:
    """Takes what nobody wants to read."""

    def write(self, data: bytes | memoryview, /) -> int:
        return len(data)


class _Both:
    """Writes to two files."""

    def __init__(self, first: BinaryIO, second: BinaryIO) -> None:
        self._files = (first, second)

    def write(self, data: bytes | memoryview, /) -> int:
        for file in self._files:
            file.write(data)
        return len(data)


def _report(result: PackResult, request: PackRequest, flags: PackOutputFlags, session: SessionFlags) -> None:
    if flags.json:
        from exosuit_cli.cli.streams import print_json
        from exosuit_cli.report.pack.document import pack_document

        print_json(pack_document(result, request.packing, is_template=request.template is not None))
    elif (flags.stats or request.output is not None or is_silent(flags)) and not session.quiet:
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.pack.terminal import print_pack

        print_pack(open_console(), result, request.packing, detailed=flags.stats)


PACK_COMMAND: Final = CommandLine(
    PACK,
    "Directories, files, archives and addresses to pack.",
    with_sources(_run, keeps=lambda given: given.get("query") is not None),
)
