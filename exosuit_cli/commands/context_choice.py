"""Which context a search looks into: by its name, else by the paths that are searched."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.commands.context import is_below, roots_of
from exosuit_cli.context import Context, context_names
from exosuit_cli.context.names import check_name, missing_context, suggested_name
from exosuit_cli.context.vacant import new_name
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.commands.query_request import SearchPlace


@dataclass(frozen=True, slots=True)
class ContextChoice:
    """A context by its name, the roots of the sources to bring up to date, and what of each is searched."""

    name: str
    wanted: Mapping[bytes, tuple[bytes, ...]]
    base: bytes | None
    is_new: bool


def is_loaded(path: str) -> bool:
    """Whether a context is there that has this directory, or encloses it."""
    from exosuit_cli.commands.query_request import SearchPlace

    return not choose_context(SearchPlace((path,)), allows_enclosing=True).is_new


def choose_context(place: SearchPlace, *, allows_enclosing: bool) -> ContextChoice:
    """Which context is meant. One that has exactly these paths comes first, then the closest that encloses them all."""
    if place.context is not None and not place.paths:
        return _named(place.context)
    paths = place.paths or (os.curdir,)
    base = resolve_roots(paths).base
    roots = [os.path.realpath(os.fsencode(path)) for path in paths]
    if place.context is not None:
        return _named_with(place.context, roots, base)
    names = context_names()
    suggested = suggested_name(roots[0])
    fitting: list[tuple[int, int, str, dict[bytes, tuple[bytes, ...]]]] = []
    for name in sorted(names, key=lambda each: each != suggested):
        known = roots_of(name)
        if set(known) == set(roots):
            return ContextChoice(name, dict.fromkeys(roots, (b"",)), base, is_new=False)
        wanted = _enclosed(roots, known)
        if wanted is not None:
            fitting.append((-sum(map(len, wanted)), len(known), name, wanted))
    if fitting and allows_enclosing:
        *_, name, wanted = min(fitting, key=lambda each: each[:3])
        return ContextChoice(name, wanted, base, is_new=False)
    return ContextChoice(new_name(suggested, names), dict.fromkeys(roots, (b"",)), base, is_new=True)


def _named(name: str) -> ContextChoice:
    """A context by its name alone: all of it is searched."""
    if name not in context_names():
        check_name(name)
        raise missing_context(name)
    with Context.open(name, read_only=True) as context:
        sources = context.sources()
    if not sources:
        raise UsageError(f"the context {name!r} has no sources; name a PATH to load")
    base = sources[0].root if len(sources) == 1 else None
    if base is not None and not os.path.isdir(base):
        base = os.path.dirname(base)
    return ContextChoice(name, {source.root: (b"",) for source in sources}, base, is_new=False)


def _named_with(name: str, roots: list[bytes], base: bytes) -> ContextChoice:
    """A context by its name, of which these paths are searched; a new one of them where there is none of the name."""
    if check_name(name) not in context_names():
        return ContextChoice(name, dict.fromkeys(roots, (b"",)), base, is_new=True)
    with Context.open(name, read_only=True) as context:
        wanted = _enclosed(roots, [source.root for source in context.sources()])
    if wanted is None:
        missing = next(root for root in roots if _enclosed([root], roots_of(name)) is None)
        raise UsageError(
            f"{os.fsdecode(missing)!r} is not in the context {name!r}; load it there with "
            f"`exosuit context load PATH --name {name}`, or leave out --context"
        )
    return ContextChoice(name, wanted, base, is_new=False)


def _enclosed(roots: Sequence[bytes], known: Sequence[bytes]) -> dict[bytes, tuple[bytes, ...]] | None:
    """Below which known root each path lies, the closest, and its path there; None where one lies below none."""
    wanted: dict[bytes, tuple[bytes, ...]] = {}
    for root in roots:
        enclosing = [each for each in known if is_below(root, each)]
        if not enclosing:
            return None
        closest = max(enclosing, key=len)
        below = root[len(closest.rstrip(b"/")) + 1 :] if root != closest else b""
        wanted[closest] = (*wanted.get(closest, ()), below)
    return wanted
