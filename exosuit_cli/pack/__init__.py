"""A pack: the files of a tree as one text for a model, exact to the token, chosen under a budget.

The public names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.pack.detail import Detail
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.pack.packing import pack
    from exosuit_cli.pack.result import PackResult

_HOMES = {
    "Detail": "detail",
    "PackOptions": "options",
    "PackOutput": "output",
    "PackResult": "result",
    "pack": "packing",
}

__all__ = ["Detail", "PackOptions", "PackOutput", "PackResult", "pack"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
