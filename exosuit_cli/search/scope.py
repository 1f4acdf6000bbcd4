"""Which files a search looks at: the filters, applied to the files of a segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.kinds import KINDS
from exosuit_cli.walk.rule_set import RuleSet

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from exosuit_cli.search.records import Filters
    from exosuit_cli.search.segment import Segment


class Scope:
    """Filters that are checked and ready. `prefixes` stand before the paths of sources, by their numbers.

    Raises UsageError for a kind, a source or a pattern that is not accepted.
    """

    def __init__(self, filters: Filters, sources: Mapping[int, str], prefixes: Mapping[int, bytes]) -> None:
        self._prefixes = prefixes
        self._kind = _kind(filters.kind)
        self._languages = {each.lower() for each in filters.languages}
        unknown = [name for name in filters.sources if name not in sources.values()]
        if unknown:
            raise UsageError(f"the context has no source {unknown[0]!r}; it has {', '.join(sources.values())}")
        self._sources = [number for number, name in sources.items() if name in filters.sources]
        self._include = RuleSet.from_globs(filters.include, "--include") if filters.include else None
        self._exclude = RuleSet.from_globs(filters.exclude, "--exclude") if filters.exclude else None
        self._paths = filters.paths
        self.is_everything = filters == type(filters)()

    def files(self, segment: Segment) -> npt.NDArray[np.bool_]:
        """Whether each file of a segment is looked at: bool[files]. Dead ones are not."""
        found = ~segment.dead
        if self.is_everything:
            return found
        if self._kind is not None:
            found &= segment.column("kind") == self._kind
        if self._languages:
            wanted = [number for number, name in enumerate(segment.languages) if name.lower() in self._languages]
            found &= np.isin(segment.column("language"), wanted)
        if self._sources:
            found &= np.isin(segment.column("source"), self._sources)
        if self._include is not None or self._exclude is not None or self._paths is not None:
            sources = segment.column("source").tolist()
            for file in np.flatnonzero(found).tolist():
                found[file] = self._takes(self._prefixes.get(sources[file], b"") + segment.path(file))
        return found

    def _takes(self, path: bytes) -> bool:
        if self._paths is not None and path not in self._paths:
            return False
        if self._include is not None and not _matches(self._include, path):
            return False
        return self._exclude is None or not _matches(self._exclude, path)


def _kind(name: str) -> int | None:
    if name == "all":
        return None
    if name not in KINDS:
        raise UsageError(f"unknown kind {name!r}: expected all, {', '.join(KINDS)}")
    return KINDS.index(name)


def _matches(rules: RuleSet, path: bytes) -> bool:
    """Whether a rule matches the file or a directory that it lies in; the last one that does decides."""
    end = len(path)
    is_directory = False
    while end > 0:
        part = path[:end]
        rule = rules.last_match(part, part.rpartition(b"/")[2], is_directory)
        if rule is not None:
            return not rule.negated
        end = path.rfind(b"/", 0, end)
        is_directory = True
    return False
