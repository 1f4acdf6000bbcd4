"""The flags that only a shell needs, of `scan` and `chunk` alike, and the order of a help. Imports little."""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.option import OUTPUT, PANELS, SELECTION, declared, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

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


def output_option() -> Any:
    """The option `--output` of a command that writes its data to one file."""
    return option(
        None, "Write to FILE; - is stdout.", changes="neither", panel=OUTPUT, metavar="FILE", short="-o", shown="stdout"
    )


def with_largest_file(options: Iterable[Option], largest: int) -> tuple[Option, ...]:
    """The options, where the help of `--max-file-size` shows the limit that a command sets by itself, in bytes."""
    return tuple(
        replace(each, shown=f"{largest >> 20}MiB") if each.name == "max_file_size" else each for each in options
    )


def flags_of(*records: type[Any]) -> tuple[Option, ...]:
    """The options of these records that have a flag, panel by panel."""
    found = [each for record in records for each in declared(record) if each.has_flag]
    return tuple(sorted(found, key=lambda each: PANELS.index(each.panel)))


@contextlib.contextmanager
def flags_named(options: Sequence[Option]) -> Iterator[None]:
    """Have errors about options name the flags: `--max-tokens`, where the library speaks of `max_tokens`."""
    flags = {each.attribute: each.flags[0] for each in options}
    try:
        yield
    except ConfigError:
        raise
    except UsageError as error:
        # What was typed is quoted, and stays as it is.
        name = re.compile(rf"(?<![\w'-])({'|'.join(flags)})(?![\w'-])")
        raise UsageError(name.sub(lambda found: flags[found[1]], str(error))) from error
