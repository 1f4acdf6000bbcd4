"""A pack: the files of a tree as one text for a model, exact to the token, chosen under a budget.

The public names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.pack.detail import Detail
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import PackOutput
    from exosuit_cli.pack.packing import pack
    from exosuit_cli.pack.result import PackResult

_HOMES = {
    "Detail": "exosuit_cli.pack.detail",
    "PackOptions": "exosuit_cli.pack.options",
    "PackOutput": "exosuit_cli.pack.output",
    "PackResult": "exosuit_cli.pack.result",
    "pack": "exosuit_cli.pack.packing",
}

__all__ = ["Detail", "PackOptions", "PackOutput", "PackResult", "pack"]

__getattr__ = lazy_names(__name__, _HOMES)
