"""Vectors from a model in a folder of this machine: the layouts of model2vec and of sentence-transformers.

Nothing is downloaded, nothing of the folder is run, and weights are read from safetensors alone: a pickle can run code.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.search.vectors.protocol import as_text, unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.vectors.protocol import Embedder, Text

_WEIGHTS: Final = "model.safetensors"
_TOKENIZER: Final = "tokenizer.json"
_MODULES: Final = "modules.json"
_EMBEDDINGS: Final = ("embeddings", "embedding.weight")
_PICKLES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy")
_MOST_JSON: Final = 64 << 20
_BATCH: Final = 256
_PACKAGE: Final = "sentence_transformers."


def open_folder(folder: str) -> Embedder:
    """The model in a folder.

    Raises UsageError: it is no folder of a known layout, it holds a pickle, or a file in it is damaged.
    ResourceMissing: a package that it needs is not installed.
    """
    if not os.path.isdir(folder):
        raise UsageError(
            f"the model {folder!r} is no folder here; nothing is downloaded: copy one to this machine first"
        )
    files = _files(folder)
    pickles = [name for name in files if name.lower().endswith(_PICKLES)]
    if pickles:
        raise UsageError(
            f"the model {folder!r} holds {pickles[0]!r}, which may be a pickle and could run code; "
            "use a copy of the folder with its safetensors files alone"
        )
    if not any(name.endswith(".safetensors") for name in files):
        raise UsageError(f"the model {folder!r} has no weights in a .safetensors file")
    home = _static_home(folder)
    if home is not None:
        return StaticModel(home)
    if _MODULES in files:
        return TransformerModel(folder, files)
    raise UsageError(
        f"the model {folder!r} has a layout that is not known; accepted: model2vec ({_WEIGHTS} with a table of "
        f"embeddings, {_TOKENIZER}) and sentence-transformers ({_MODULES})"
    )


class StaticModel:
    """A vector for each token of a vocabulary, as model2vec makes them: a text has the mean of those of its tokens."""

    def __init__(self, home: str) -> None:
        weights, tokenizer = os.path.join(home, _WEIGHTS), os.path.join(home, _TOKENIZER)
        tensors = _tensors(weights)
        table = next(tensors[name] for name in _EMBEDDINGS if name in tensors)
        if table.ndim != 2 or not table.size or table.dtype.kind not in "fi":
            raise UsageError(f"{weights!r}: its embeddings are no table of numbers")
        self._tokenizer, self._unknown = _tokenizer(tokenizer)
        mapping, factors = tensors.get("mapping"), tensors.get("weights")
        rows = len(table) if mapping is None else len(mapping)
        tokens = self._tokenizer.get_vocab_size()
        if rows < tokens or not _fits(mapping, len(table)) or (factors is not None and factors.shape != (rows,)):
            raise UsageError(f"{weights!r} has no vector for each of the {tokens:,} tokens of {tokenizer!r}")
        self._table, self._mapping, self._factors = table, mapping, factors
        self.dimensions = table.shape[1]
        self.name = f"folder-{self.dimensions}-{_digest((weights, tokenizer))}"

    def embed(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        found = np.zeros((len(texts), self.dimensions), np.float32)
        for start in range(0, len(texts), _BATCH):
            batch = [as_text(text) for text in texts[start : start + _BATCH]]
            for place, encoded in enumerate(self._tokenizer.encode_batch_fast(batch, add_special_tokens=False), start):
                tokens = np.array(encoded.ids, np.int64)
                tokens = tokens[tokens != self._unknown]
                if len(tokens):
                    found[place] = self._mean(tokens)
        return unit_rows(found)

    def embed_queries(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        return self.embed(texts)

    def _mean(self, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        rows = self._table[tokens if self._mapping is None else self._mapping[tokens]].astype(np.float32)
        if self._factors is not None:
            rows *= self._factors[tokens].astype(np.float32)[:, None]
        mean: npt.NDArray[np.float32] = rows.mean(axis=0)
        return mean


class TransformerModel:
    """A model of the package sentence-transformers, which runs it."""

    def __init__(self, folder: str, files: Sequence[str]) -> None:
        for module in _json(os.path.join(folder, _MODULES), list):
            kind = module.get("type") if isinstance(module, dict) else None
            if not isinstance(kind, str) or not kind.startswith(_PACKAGE):
                raise UsageError(f"the model {folder!r} asks for the module {kind!r}, which is not of the package")
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise ResourceMissing(
                f"the model {folder!r} has the layout of sentence-transformers, which is not installed; "
                "install it: pip install 'exosuit-cli[transformers]'"
            ) from error
        try:
            self._model = SentenceTransformer(
                folder, local_files_only=True, trust_remote_code=False, model_kwargs={"use_safetensors": True}
            )
        except Exception as error:  # whatever its parts raise
            raise UsageError(f"the model {folder!r} cannot be opened: {error}") from error
        self.dimensions = int(self._model.get_sentence_embedding_dimension())
        self.name = f"folder-{self.dimensions}-{_digest([os.path.join(folder, name) for name in files])}"

    def embed(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        encode = getattr(self._model, "encode_document", self._model.encode)
        return self._unit(encode([as_text(text) for text in texts], show_progress_bar=False))

    def embed_queries(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        encode = getattr(self._model, "encode_query", self._model.encode)
        return self._unit(encode([as_text(text) for text in texts], show_progress_bar=False))

    def _unit(self, found: Any) -> npt.NDArray[np.float32]:
        return unit_rows(np.asarray(found, np.float32).reshape(-1, self.dimensions))


def _static_home(folder: str) -> str | None:
    """The place of a static model: the folder, or what its modules.json names in it; None for another layout."""
    home, modules = os.path.normpath(folder), os.path.join(folder, _MODULES)
    if os.path.exists(modules):
        listed = _json(modules, list)
        first = listed[0] if listed and isinstance(listed[0], dict) else {}
        if not str(first.get("type")).endswith(".StaticEmbedding"):
            return None
        home = os.path.normpath(os.path.join(home, str(first.get("path", ""))))
        if home != os.path.normpath(folder) and not home.startswith(os.path.normpath(folder) + os.sep):
            raise UsageError(f"{modules!r} names a place outside of its folder")
    if not all(os.path.exists(os.path.join(home, name)) for name in (_WEIGHTS, _TOKENIZER)):
        return None
    tensors = _tensors(os.path.join(home, _WEIGHTS))
    return home if any(name in tensors for name in _EMBEDDINGS) else None


def _fits(mapping: npt.NDArray[Any] | None, rows: int) -> bool:
    """Whether a table of places names rows that there are."""
    if mapping is None:
        return True
    is_list = mapping.ndim == 1 and mapping.dtype.kind in "iu"
    return is_list and bool(((mapping >= 0) & (mapping < rows)).all())


def _files(folder: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(place, name), folder) for place, _, names in os.walk(folder) for name in names
    )


def _tensors(path: str) -> Mapping[str, npt.NDArray[Any]]:
    """The arrays of a safetensors file."""
    try:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
    except ImportError as error:
        raise _needs_extra(path) from error
    try:
        found: Mapping[str, npt.NDArray[Any]] = load_file(path)
    except (SafetensorError, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{path!r} is no sound safetensors file of numbers that numpy has: {error}") from error
    return found


def _tokenizer(path: str) -> tuple[Any, int | None]:
    """A tokenizer that pads and cuts nothing, and the number of its token for what it does not know."""
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _needs_extra(path) from error
    try:
        found = Tokenizer.from_file(path)
    except Exception as error:  # the package has no narrower one
        raise UsageError(f"{path!r} is no sound tokenizer: {error}") from error
    found.no_padding()
    found.no_truncation()
    unknown = _json(path).get("model", {}).get("unk_token")
    return found, found.token_to_id(unknown) if isinstance(unknown, str) else None


def _needs_extra(path: str) -> ResourceMissing:
    return ResourceMissing(
        f"reading {path!r} needs safetensors and tokenizers; install them: pip install 'exosuit-cli[vectors]'"
    )


def _json(path: str, kind: type[Any] = dict) -> Any:
    try:
        with open(path, "rb") as file:
            found = json.loads(file.read(_MOST_JSON))
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path!r} cannot be read as JSON: {error}") from error
    if not isinstance(found, kind):
        raise UsageError(f"{path!r} is not what it should be: a JSON {'object' if kind is dict else 'list'}")
    return found


def _digest(paths: Sequence[str]) -> str:
    """Of the contents of files."""
    found = blake3()
    for path in paths:
        found.update(blake3().update_mmap(path).digest())
    return found.hexdigest()[:12]
