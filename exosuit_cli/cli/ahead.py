"""What a command line will need, begun before it is parsed in full.

Typer takes longer to import than a small repository takes to read, and a vocabulary longer to load than both. So the
command line is looked at first, by the declarations of its options and without typer. Where anything is unclear,
nothing is begun: the command itself says what is wrong.
"""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from exosuit_cli.cli.command_line import parse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMMANDS: Final = ("scan", "chunk", "pack", "context load", "query", "outline")
"""The commands that need any of this, by their words."""

_SEARCHES: Final = ("query", "outline")


_SMALL_BUDGET: Final = re.compile(r"[0-9]{1,4}|1?[0-9][kK]", re.ASCII)
"""Up to 19,000 tokens, which are counted in less time than a vocabulary loads in."""


class Needs(NamedTuple):
    """What a command line will need: the arguments of `begin`."""

    command: str
    paths: Sequence[str]
    hash: str
    encoding: str | None
    workers: int
    use_index: bool
    follow: bool
    with_table: bool
    counts: bool = False


def look_ahead(arguments: Sequence[str]) -> None:
    """Begin what these arguments of the program need, if they are of one of `_COMMANDS` and can be carried out."""
    needs = needs_of(arguments)
    if needs is not None:
        from exosuit_cli.workers.ahead import begin

        begin(
            needs.command,
            needs.paths,
            hash=needs.hash,
            encoding=needs.encoding,
            workers=needs.workers,
            use_index=needs.use_index,
            follow=needs.follow,
            with_table=needs.with_table,
            counts=needs.counts,
        )


def needs_of(arguments: Sequence[str]) -> Needs | None:
    """What a command with these arguments needs, by its options and the settings; None where it is none or unclear.

    One text on stdin needs nothing. Of names on stdin the index is not known before they are read. A context's first
    source stands for all; a search looks for changes where an index is, there or above.
    """
    words = next((words for words in _COMMANDS if " ".join(arguments[: words.count(" ") + 1]) == words), None)
    if words is None:
        return None
    left = arguments[words.count(" ") + 1 :]
    if words == "scan":
        from exosuit_cli.cli.scan_flags import SCAN

        found = parse(left, SCAN)
    elif words == "chunk":
        from exosuit_cli.cli.chunk_flags import CHUNK

        found = parse(left, CHUNK)
    elif words in _SEARCHES:
        return _needs_of_search(words, left)
    elif words == "pack":
        from exosuit_cli.cli.pack_flags import PACK

        found = parse(left, PACK)
    else:
        from exosuit_cli.cli.context_flags import CONTEXT_LOAD

        found = parse(left, CONTEXT_LOAD)
    if found is None:
        return None
    paths, given = found
    values = _values(given) if "stdin" not in given else None
    if values is None:
        return None
    if words == "pack" and "query" in given:
        return _needs_of_pack(paths, values, given.get("budget"))
    is_context = words == "context load"
    if is_context and not paths:
        return None
    return Needs(
        words,
        () if "stdin0" in given else paths[:1] if is_context else paths or ["."],
        hash="blake3" if is_context else values["hash"],
        encoding=values["encoding"] if given.get("tokens") is not False else None,
        workers=values["workers"],
        use_index=is_context or (words == "scan" and values["index"] and "verify" not in given),
        follow=values["follow"],
        with_table=words in ("chunk", "context load"),
    )


def _needs_of_search(words: str, left: Sequence[str]) -> Needs | None:
    """What a search needs: mostly nothing has changed, and the files that the index knows are looked at."""
    from exosuit_cli.cli.query_flags import OUTLINE, QUERY

    found = parse(left, QUERY if words == "query" else OUTLINE)
    values = _values({}) if found is not None else None
    if found is None or values is None:
        return None
    paths, given = found
    if "context" in given or "config" in given:
        return None
    searched = paths[1:] if words == "query" else paths
    return Needs(
        words,
        searched[:1] or ["."],
        hash="blake3",
        encoding=values["encoding"],
        workers=values["workers"],
        use_index=True,
        follow=values["follow"],
        with_table=True,
    )


def _needs_of_pack(paths: Sequence[str], values: Mapping[str, Any], budget: object) -> Needs:
    """What a pack of a question's answers needs: what a search does, and for a large budget a counter beside it."""
    return Needs(
        "pack --query",
        paths[:1] or ["."],
        hash="blake3",
        encoding=values["encoding"],
        workers=values["workers"],
        use_index=True,
        follow=values["follow"],
        with_table=True,
        counts=isinstance(budget, str) and not _SMALL_BUDGET.fullmatch(budget),
    )


def _values(given: Mapping[str, str | bool]) -> dict[str, Any] | None:
    """The values of the options that are settings, by their names; None where the settings are not in order."""
    from exosuit_cli.config.option import declared
    from exosuit_cli.config.options import ScanDefaults, WalkOptions
    from exosuit_cli.config.places import VARIABLE_PREFIX, user_config_file
    from exosuit_cli.model.encodings import encoding_named
    from exosuit_cli.model.errors import ConfigError

    settings = [each for each in (*declared(ScanDefaults), *declared(WalkOptions)) if each.is_setting]
    user = user_config_file(os.environ)
    typed = {each.key: given.get(each.name) for each in settings}
    if (
        "config" in given
        or any(name.startswith(VARIABLE_PREFIX) for name in os.environ)
        or (user is not None and os.path.exists(user))
    ):
        from exosuit_cli.config.load import load_settings

        config = given.get("config")
        if isinstance(config, str) and os.path.exists(config) and not os.path.isfile(config):
            return None  # a pipe gives its content once, to the command
        try:
            values = load_settings(config if isinstance(config, str) else None, typed).values
        except ConfigError:
            return None
        return {each.name: values[each.key] for each in settings}
    # Without any of these, what is typed and the defaults are all there is, and loading the settings takes its time.
    found = {each.name: each.default if given.get(each.name) is None else given[each.name] for each in settings}
    workers = str(found["workers"])
    if not workers.isascii() or not workers.isdigit() or len(workers) > 4:
        return None
    return found | {"workers": int(workers), "encoding": encoding_named(str(found["encoding"]))}


def discard() -> None:
    """End what was begun ahead, if anything was, and not taken over."""
    if "exosuit_cli.workers.ahead" in sys.modules:
        from exosuit_cli.workers.ahead import end

        end()
