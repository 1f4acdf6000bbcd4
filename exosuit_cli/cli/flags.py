"""The flags that only a shell needs, of `scan` and `chunk` alike, and the order of a help. Imports little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.option import OUTPUT, PANELS, SELECTION, declared, option

if TYPE_CHECKING:
    from exosuit_cli.config.option import Option


@dataclass(frozen=True, slots=True)
class SessionFlags:
    """The names, settings and messages of one run of a command."""

    stdin0: bool = option(
        False, "Take the NUL-separated names on stdin, below PATH.", changes="neither", panel=SELECTION
    )
    config: str | None = option(
        None,
        "A settings file to use.",
        changes="neither",
        panel=OUTPUT,
        metavar="FILE",
        shown="your own, if there is one",
    )
    log_file: str | None = option(
        None, "Append JSON log lines to FILE.", changes="neither", panel=OUTPUT, metavar="FILE"
    )
    verbose: int = option(0, "Say more.", kind="count", changes="neither", panel=OUTPUT, short="-v")
    quiet: bool = option(False, "Errors only.", changes="neither", panel=OUTPUT, short="-q")
    debug: bool = option(False, "Traceback with an error.", changes="neither", panel=OUTPUT)


def flags_of(*records: type[Any]) -> tuple[Option, ...]:
    """The options of these records that have a flag, panel by panel."""
    found = [each for record in records for each in declared(record) if each.has_flag]
    return tuple(sorted(found, key=lambda each: PANELS.index(each.panel)))
