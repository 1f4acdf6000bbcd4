"""Vectors of chunks, where a user asked for them: made, kept with the context, and compared with a question's.

The public names are imported when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.search.vectors.embed import EmbedResult, embed, forget_vectors
    from exosuit_cli.search.vectors.protocol import Embedder
    from exosuit_cli.search.vectors.scores import ContextVectors, open_vectors, vector_scores

_HOMES = {
    "ContextVectors": "exosuit_cli.search.vectors.scores",
    "EmbedResult": "exosuit_cli.search.vectors.embed",
    "Embedder": "exosuit_cli.search.vectors.protocol",
    "embed": "exosuit_cli.search.vectors.embed",
    "forget_vectors": "exosuit_cli.search.vectors.embed",
    "open_vectors": "exosuit_cli.search.vectors.scores",
    "vector_scores": "exosuit_cli.search.vectors.scores",
}

__all__ = ["ContextVectors", "EmbedResult", "Embedder", "embed", "forget_vectors", "open_vectors", "vector_scores"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
