"""Formats that declare themselves: every module of a package declares one, and nothing else lists them."""

from __future__ import annotations

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable


_Format = TypeVar("_Format")


def declarations(package: str, path: Iterable[str], kind: type[_Format]) -> list[_Format]:
    """Every value of type `kind` that a module of the package holds as `FORMAT`, in the order of the module names.

    `path` is the package's `__path__`. A module without `FORMAT` is left out.
    """
    names = sorted(found.name for found in pkgutil.iter_modules(path))
    formats = [getattr(import_module(f"{package}.{name}"), "FORMAT", None) for name in names]
    return [found for found in formats if isinstance(found, kind)]
