"""Formats that declare themselves: every module of a package declares one, and nothing else lists them."""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

_Format = TypeVar("_Format")


def declarations(package: str, path: Iterable[str], kind: type[_Format]) -> list[_Format]:
    """Every value of type `kind` that a module of the package holds as `FORMAT`, in the order of the module names.

    `path` is the package's `__path__`. A module without `FORMAT` is left out.
    """
    # Not pkgutil: it costs every scan the time of its own import.
    files = {name for place in path for name in os.listdir(place)}
    names = sorted(name.removesuffix(".py") for name in files if name.endswith(".py") and not name.startswith("_"))
    formats = [getattr(import_module(f"{package}.{name}"), "FORMAT", None) for name in names]
    return [found for found in formats if isinstance(found, kind)]
