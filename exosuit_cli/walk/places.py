"""Patterns with slashes as a tree of places, walked one directory at a time together with the tree that is scanned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.walk.byte_members import PatternError
from exosuit_cli.walk.globs import is_literal
from exosuit_cli.walk.name_index import NameIndex, NameRules
from exosuit_cli.walk.patterns import GLOBSTAR

if TYPE_CHECKING:
    from collections.abc import Sequence


MOST_PLACES: Final = 250_000
"""Places of one list; each takes some 400 bytes, and its pattern two."""

_NO_RULES: Final = NameRules()
_NO_PLACES: Final[dict[bytes, Place]] = {}
"""Stand for those that a place has not, most often: nothing is ever added to them."""


class Place:
    """A place that patterns with slashes reach: the rules for names there, and the places that lie further down.

    The pattern `a/*.d/x` puts the rule `x` at the place that is reached from the top through `a` and then `*.d`. Only
    the places that a directory leads to are looked at inside it, so patterns for elsewhere cost nothing there.
    """

    __slots__ = ("_count", "_glob_index", "_glob_targets", "_globs", "_literals", "_repeats", "below", "names")

    def __init__(self, *, repeats: bool = False) -> None:
        self.names = _NO_RULES
        self.below: Place | None = None
        """The place after `**`, which is here too, since the stars may match no directory."""
        self._repeats = repeats
        self._literals = _NO_PLACES
        self._globs = _NO_PLACES
        self._glob_index: NameIndex | None = None
        self._glob_targets: Sequence[Place] = ()
        self._count = 0

    def add(self, components: Sequence[bytes], rank: int, *, only_directories: bool) -> None:
        """Enter the rule `rank` where the pattern's `components` lead. Not to be called after the first `enter`.

        Raises PatternError where there would be too many places.
        """
        place = self
        for component in components[:-1]:
            place, is_new = place._after(component)
            self._count += is_new
            if self._count > MOST_PLACES:
                raise PatternError(f"the patterns up to this one name over {MOST_PLACES:,} directories")
        if place.names is _NO_RULES:
            place.names = NameRules()
        place.names.add(components[-1], rank, only_directories=only_directories)

    def enter(self, name: bytes) -> list[Place]:
        """Return the places that the subdirectory `name` leads to, some perhaps twice."""
        reached = [self] if self._repeats else []
        literal = self._literals.get(name)
        if literal is not None:
            reached += literal.here()
        if self._globs:
            if self._glob_index is None:
                self._glob_targets = list(self._globs.values())
                self._glob_index = NameIndex(zip(self._globs, range(len(self._globs)), strict=True))
            for identity in self._glob_index.find(name):
                reached += self._glob_targets[identity].here()
        return reached

    def here(self) -> list[Place]:
        """Return the place itself, if anything is in it, and the one after a `**` that matches no directory."""
        places = [self] if self.names or self._literals or self._globs else []
        return places if self.below is None else [*places, self.below]

    def _after(self, component: bytes) -> tuple[Place, bool]:
        """The place that a component leads to, and whether it is a new one."""
        if component == GLOBSTAR:
            if self.below is not None:
                return self.below, False
            self.below = Place(repeats=True)
            return self.below, True
        is_plain = is_literal(component)
        places = self._literals if is_plain else self._globs
        if (place := places.get(component)) is not None:
            return place, False
        place = Place()
        if places is not _NO_PLACES:
            places[component] = place
        elif is_plain:
            self._literals = {component: place}
        else:
            self._globs = {component: place}
        return place, True
