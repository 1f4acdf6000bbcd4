"""Which model is meant: the repository's own, a folder's, or one behind a URL; and where what they make is kept."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.names import index_directory
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.vectors.protocol import Embedder
    from exosuit_cli.search.vectors.rows import VectorMeta

LSA: Final = "lsa"
_QUESTION_ATTEMPTS: Final = 2
_QUESTION_SECONDS: Final = 10.0
"""What a question may wait for a server: there are answers without it."""


def known_spec(spec: str) -> str:
    """What is asked for, as it is kept: `lsa`, a URL, or the absolute path of a folder."""
    if spec == LSA or is_url(spec):
        return spec
    if not os.path.isdir(spec):
        raise UsageError(
            f"the model {spec!r} is not known; accepted: {LSA}, a folder of this machine, or the URL of a server "
            "(nothing is downloaded)"
        )
    return os.path.realpath(spec)


def is_url(spec: str) -> bool:
    """Whether a model is one behind a URL."""
    return spec.startswith(("http://", "https://"))


def made_elsewhere(spec: str, known: VectorMeta | None) -> Embedder:
    """The embedder of a folder or a URL. Raises as `open_folder` and `Endpoint` do."""
    if not is_url(spec):
        from exosuit_cli.search.vectors.folder import open_folder

        return open_folder(spec)
    from exosuit_cli.search.vectors.endpoint import Endpoint

    endpoint = Endpoint(spec)
    if known is None or known.model != endpoint.name:
        return endpoint
    return Endpoint(spec, known.dimensions)


def embedder_of(context: ContextReader, meta: VectorMeta) -> Embedder:
    """The embedder that made the vectors of a context. Raises UsageError where it is not there any more."""
    found: Embedder | None
    if meta.spec == LSA:
        from exosuit_cli.search.vectors.lsa import LatentModel

        found = LatentModel.load(lsa_path(context))
    elif is_url(meta.spec):
        from exosuit_cli.search.vectors.endpoint import Endpoint

        found = Endpoint(meta.spec, meta.dimensions, attempts=_QUESTION_ATTEMPTS, seconds=_QUESTION_SECONDS)
    else:
        found = made_elsewhere(known_spec(meta.spec), meta)
    if found is None or found.name != meta.model:
        raise UsageError(
            f"the model {meta.spec!r} is not the one that made the vectors of the context {context.name!r}; "
            f"bring them up to date: exosuit context embed --name {context.name}"
        )
    return found


def lsa_path(context: ContextReader) -> str:
    """The file of the context's own model."""
    return os.path.join(index_directory(context.path), "lsa.model")


def matrix_path(context: ContextReader) -> str:
    """The file of the context's vectors as a matrix."""
    return os.path.join(index_directory(context.path), "vectors.matrix")
