"""Vectors of chunks, where a user asked for them: made, kept with the context, and compared with a question's.

The public names are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

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

__getattr__ = lazy_names(__name__, _HOMES)
