"""What a search leaves out, from the options as they are typed and the part of the context that is searched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.languages import LANGUAGES
from exosuit_cli.languages.table import EXTENSIONS
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.records import Filters

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exosuit_cli.commands.query_context import Part, SearchedContext
    from exosuit_cli.commands.query_request import FilterOptions

_SPECIAL = "\\*?[{}, "


def filters_of(found: SearchedContext, options: FilterOptions) -> Filters:
    """The filters of a search. Raises UsageError for a language that is not known."""
    sources = found.context.sources()
    names = {part.source.name for part in found.parts}
    prefixes = [_prefix(part, has_several=len(sources) > 1) for part in found.parts]
    wanted = options.include
    if not wanted and any(part.below for part in found.parts):
        wanted = ("",)
    return Filters(
        kind=options.kind,
        include=tuple(_below(prefix, glob) for prefix in prefixes for glob in wanted),
        exclude=tuple(_below(prefix, glob) for prefix in prefixes for glob in options.exclude),
        languages=tuple(languages_named(options.languages)),
        sources=tuple(sorted(names)) if len(names) < len(sources) else (),
    )


def paths_in(found: SearchedContext, base: bytes, paths: Iterable[bytes]) -> frozenset[bytes]:
    """The paths below the directory `base` as the context has them: with the source before them if it has several."""
    sources = found.context.sources()
    roots = [(source.root.rstrip(b"/") + b"/", source.name.encode() + b"/") for source in sources]
    return frozenset(
        (name if len(sources) > 1 else b"") + whole[len(root) :]
        for whole in (os.path.join(base, path) for path in paths)
        for root, name in roots
        if whole.startswith(root)
    )


def languages_named(names: Sequence[str]) -> Iterator[str]:
    """The languages of these names, in any case, or of these extensions. Raises UsageError for one that is unknown."""
    known = {name.lower(): name for name in LANGUAGES if name}
    for name in names:
        of_extension = EXTENSIONS.get(b"." + os.fsencode(name.lower().removeprefix(".")))
        found = known.get(name.lower()) or (of_extension if isinstance(of_extension, str) else None)
        if found is None:
            import difflib

            near = [known[each] for each in difflib.get_close_matches(name.lower()[:60], known, n=3, cutoff=0.7)]
            hint = f"did you mean {' or '.join(near)}?" if near else "for example Python, C++ or Markdown"
            raise UsageError(f"unknown --language {name[:60]!r}; {hint}")
        yield found


def _prefix(part: Part, *, has_several: bool) -> str:
    """What stands before the globs of a part, which are relative to it, to make them relative to the context."""
    whole = os.path.join(part.source.name.encode(), part.below) if has_several else part.below
    text = os.fsdecode(whole).rstrip("/")
    return "".join("\\" + each if each in _SPECIAL else each for each in text)


def _below(prefix: str, glob: str) -> str:
    """The glob of a part as one of the context; the empty glob matches all of the part."""
    if not prefix:
        return glob
    sign = "!" if glob.startswith("!") else ""
    rest = glob.removeprefix("!")
    if not rest:
        return f"/{prefix}"
    is_anchored = "/" in rest.rstrip("/")
    return f"{sign}/{prefix}/{'' if is_anchored else '**/'}{rest.removeprefix('/')}"
