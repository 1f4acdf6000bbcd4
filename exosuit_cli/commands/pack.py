"""Packing a tree as a command: what is packed, what an interrupted run leaves, what a front has to show."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.chunk_output import keeps_older
from exosuit_cli.commands.pack_changes import changes_of
from exosuit_cli.commands.pack_warnings import pack_warnings
from exosuit_cli.commands.requests import NO_NAMES, base_of, without_outputs
from exosuit_cli.commands.shared import Ending, ending_of, interrupted, warnings_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.packing import pack

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.pack_request import PackRequest
    from exosuit_cli.ingest import ProgressCallback
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.pack.result import PackResult
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class OpenPack:
    """Where a front takes a pack; `descriptor` is that of a file, which is not packed itself."""

    output: PackOutput
    descriptor: int | None = None
    progress: ProgressCallback | None = None


@dataclass(frozen=True, slots=True)
class PackOutcome:
    """A finished run: its warnings in words, and how it ended."""

    result: PackResult
    warnings: tuple[str, ...]
    ending: Ending


class _Interrupted(Exception):
    """The run was cut short; what was written so far must not take the place of an earlier output."""


def run_pack(
    request: PackRequest,
    open_output: Callable[[], AbstractContextManager[OpenPack]],
    *,
    stop: StopRequest,
) -> PackOutcome:
    """Pack the files and hand the text to the output, which is opened once the request is known to be sound.

    An interrupted run leaves the output by an exception, so that a file which takes its place at the end is not
    replaced. Raises UsageError for paths that cannot be packed and for a budget that holds nothing, CheckFailed for
    secrets where they are refused.
    """
    paths: tuple[str, ...] = request.paths
    names: list[bytes] | None = None
    if request.names is not None:
        paths, names = (base_of(request.paths),), list(request.names)
    changed = changes_of(request)
    if changed is not None:
        paths, names = (changed[0],), changed[1].present
    instructions = text_of(request.instructions, "instructions") if request.instructions is not None else None
    template = text_of(request.template, "template") if request.template is not None else None
    result: PackResult | None = None
    try:
        with open_output() as output:
            result = pack(
                paths,
                request.packing,
                without_outputs(request.options, [output.descriptor]),
                output.output,
                instructions=instructions,
                template=template,
                names=names,
                changes=changed[1] if changed is not None else None,
                stop=stop,
                progress=output.progress,
            )
            _keep_older(result)
    except _Interrupted:
        pass
    assert result is not None
    first = [NO_NAMES] if request.names == () else []
    if changed is not None and not changed[1].files:
        first.append(f"nothing has changed since {changed[1].revision!r}")
    more = pack_warnings(result, size_is_chosen=request.size_is_chosen)
    scanned = replace(result.scan, warnings=[*first, *result.scan.warnings, *more])
    result = replace(result, scan=scanned)
    if scanned.partial is not None and stop.signal is not None:
        ending = interrupted(stop.signal, _what_stays(request.output))
    else:
        ending = ending_of(scanned, strict=request.strict)
    return PackOutcome(result, tuple(warnings_of(scanned)), ending)


def _keep_older(result: PackResult) -> None:
    if result.scan.partial is not None:
        raise _Interrupted


def text_of(path: str, what: str) -> str:
    """The text of a file that the user names. Raises UsageError."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise UsageError(f"cannot read the {what} {path!r}: {reason}") from error
    return text if not text or text.endswith("\n") else text + "\n"


def _what_stays(output: str | None) -> str:
    """What an interrupted run says about the file that it was to write."""
    if output is None or not keeps_older(output):
        return ""
    return f", {output!r} " + ("was left as it was" if os.path.exists(output) else "is not written")
