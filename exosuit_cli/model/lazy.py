"""What is made when it is first used: names of a package, and patterns. To import their module then costs nothing."""

from __future__ import annotations

import importlib
import re
import sys
from typing import TYPE_CHECKING, Any, AnyStr, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], object]:
    """The `__getattr__` of a package (PEP 562) whose names are defined in the modules of `homes`, by their full names.

    A name that was asked for once is an attribute from then on. Raises AttributeError for every other name.
    """

    def find(name: str) -> object:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


_METHODS: Final = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn")


def lazy_pattern(text: AnyStr, flags: int | re.RegexFlag = 0) -> re.Pattern[AnyStr]:
    """`re.compile(text, flags)`, compiled when one of its methods is first used.

    The patterns of a program take longer to compile than many a command takes to run, and each needs few of them.
    Functions of `re` do not take it: call its methods.
    """
    return cast("re.Pattern[AnyStr]", _LazyPattern(text, flags))


class _LazyPattern:
    """Has nothing of a pattern until it is asked for something, and all of it from then on."""

    def __init__(self, text: str | bytes, flags: int | re.RegexFlag) -> None:
        self.pattern = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled: Any = re.compile(self.pattern, self._flags)
        for each in _METHODS:
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)
