"""Vectors from a server that speaks the embeddings request of the OpenAI API, by its URL."""

from __future__ import annotations

import http.client
import json
import math
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.search.vectors.protocol import as_text, unit_rows
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from email.message import Message
    from typing import IO

    import numpy.typing as npt

    from exosuit_cli.search.vectors.protocol import Text

KEY_VARIABLE: Final = "EMBEDDING_API_KEY"
"""The environment variable that holds the key, if the server wants one."""

_PATH: Final = "/v1/embeddings"
_MOST_TEXTS: Final = 64
_MOST_CHARACTERS: Final = 200_000
"""Texts and characters of one request."""
_MOST_ANSWER: Final = 64 << 20
_MOST_SHOWN: Final = 200
_SECONDS: Final = 60.0
_ATTEMPTS: Final = 6
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_LOCAL: Final = frozenset({"localhost", "127.0.0.1", "::1"})


class Endpoint:
    """A model behind a URL: `https://HOST/v1`, or the whole path; `#MODEL` behind it names the model.

    A request that fails for now (429, 5xx, no answer) is repeated a few times, after pauses that grow or that the
    server asks for. TLS certificates are verified, and no redirect is followed.

    Args:
        url: see above.
        dimensions: the width of its vectors, where it is known; else a first request finds out.
        attempts: how often a request is made that fails for now.
        seconds: the longest wait for an answer, and the longest pause.
        pause: sleeps for so many seconds.

    Raises:
        UsageError: the URL makes no sense, or the server refuses a request. ResourceMissing: it does not answer, or
        gives no vectors.

    """

    def __init__(
        self,
        url: str,
        dimensions: int | None = None,
        *,
        attempts: int = _ATTEMPTS,
        seconds: float = _SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError(f"{url!r} is no URL of an embedding server; accepted: https://HOST/v1#MODEL")
        if parts.username is not None or parts.password is not None:
            raise UsageError(f"the URL of an embedding server holds no password; set {KEY_VARIABLE} to its key")
        self.url = urllib.parse.urlunsplit((parts.scheme, parts.netloc, _whole_path(parts.path), parts.query, ""))
        self.model = urllib.parse.unquote(parts.fragment)
        self.name = f"url-{blake3(f'{self.url}#{self.model}'.encode()).hexdigest()[:16]}"
        self._headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "exosuit"}
        key = os.environ.get(KEY_VARIABLE, "").strip()
        if key and parts.scheme == "http" and parts.hostname not in _LOCAL:
            raise UsageError(f"{KEY_VARIABLE} is set and {self.url!r} is not encrypted; use https, or unset it")
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._attempts, self._seconds, self._pause = attempts, seconds, pause
        self._dimensions = dimensions
        self._open = urllib.request.build_opener(_NoRedirect).open

    @property
    def dimensions(self) -> int:
        """As the protocol says; may ask the server."""
        if self._dimensions is None:
            self.embed(["dimensions"])
        assert self._dimensions is not None
        return self._dimensions

    def embed(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        parts: list[npt.NDArray[np.float32]] = []
        batch: list[str] = []
        size = 0
        for text in map(as_text, texts):
            if batch and (len(batch) == _MOST_TEXTS or size + len(text) > _MOST_CHARACTERS):
                parts.append(self._embed(batch))
                batch, size = [], 0
            batch.append(text)
            size += len(text)
        if batch:
            parts.append(self._embed(batch))
        return np.concatenate([np.zeros((0, self.dimensions), np.float32), *parts])

    def embed_queries(self, texts: Sequence[Text]) -> npt.NDArray[np.float32]:
        return self.embed(texts)

    def _embed(self, texts: list[str]) -> npt.NDArray[np.float32]:
        # Some servers refuse an empty text; to a model it says nothing either way.
        asked = {"input": [text or " " for text in texts], "encoding_format": "float"}
        answer = self._answer(json.dumps(asked | ({"model": self.model} if self.model else {})).encode())
        vectors = self._vectors(answer, len(texts))
        if not vectors.any() or (len(set(texts)) > 1 and (vectors == vectors[0]).all()):
            raise ResourceMissing(f"{self.url} gives all texts the same vector: is it a model for embeddings?")
        if self._dimensions is None:
            self._dimensions = vectors.shape[1]
        if vectors.shape[1] != self._dimensions:
            raise ResourceMissing(
                f"{self.url} gives vectors of {vectors.shape[1]} numbers, and gave {self._dimensions} before; "
                "is it another model? embed anew: exosuit context embed --anew"
            )
        return unit_rows(vectors)

    def _answer(self, body: bytes) -> bytes:
        """The server's answer to a request, after as many attempts as it takes."""
        problem = ""
        for attempt in range(self._attempts):
            request = urllib.request.Request(self.url, body, self._headers, method="POST")  # noqa: S310  (http or https)
            asked = None
            try:
                with self._open(request, timeout=self._seconds) as answer:
                    data: bytes = answer.read(_MOST_ANSWER + 1)
            except urllib.error.HTTPError as error:
                with error:
                    problem = f"{error.code} {_said(error)}"
                if error.code not in _AGAIN:
                    raise UsageError(f"{self.url} refuses the request: {problem}{_advice(error.code)}") from error
                asked = _seconds(error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException) as error:
                problem = display_name(str(getattr(error, "reason", "") or error)[:_MOST_SHOWN]) or type(error).__name__
                if "CERTIFICATE_VERIFY_FAILED" in problem:
                    raise UsageError(f"{self.url}: its certificate cannot be verified: {problem}") from error
            else:
                if len(data) > _MOST_ANSWER:
                    raise ResourceMissing(f"{self.url} answers with more than {_MOST_ANSWER >> 20} MiB")
                return data
            if attempt + 1 < self._attempts:
                grown = _FIRST_PAUSE * 2**attempt * random.uniform(0.5, 1.0)  # noqa: S311  (spreads clients)
                self._pause(min(grown if asked is None else asked, _LONGEST_PAUSE, self._seconds))
        raise ResourceMissing(
            f"{self.url} does not answer after {self._attempts} attempts: {problem}; is the server running?"
        )

    def _vectors(self, answer: bytes, count: int) -> npt.NDArray[np.float64]:
        """The vectors of an answer, in the order of the texts, float64[count, d]."""
        try:
            data = json.loads(answer)["data"]
            rows: list[Any] = [None] * count
            for place, each in enumerate(data):
                rows[each.get("index", place)] = each["embedding"]
            found = np.array(rows, np.float64)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            raise ResourceMissing(f"{self.url} does not answer with embeddings: {_shown(answer)}") from error
        if len(data) != count or found.ndim != 2 or not found.shape[1] or not np.isfinite(found).all():
            raise ResourceMissing(f"{self.url} does not answer with one vector a text: {_shown(answer)}")
        return found


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to another server: it is an answer like any other."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Follow none."""


def _whole_path(path: str) -> str:
    path = path.rstrip("/")
    if path.endswith("/embeddings"):
        return path
    return path + ("/embeddings" if path.endswith("/v1") else _PATH)


def _advice(code: int) -> str:
    if code in (401, 403):
        return f"; set {KEY_VARIABLE} to a key that it accepts"
    if code == 404:
        return "; is it the URL of an embedding server, and is the model behind # one that it has?"
    return ""


def _said(error: urllib.error.HTTPError) -> str:
    """What the server says of an error, or what its code means."""
    try:
        body = error.read(1 << 16)
    except (OSError, http.client.HTTPException):
        return _shown(error.reason.encode())
    try:
        found = json.loads(body)["error"]
        return _shown((found if isinstance(found, str) else found["message"]).encode())
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return _shown(body or error.reason.encode())


def _shown(data: bytes) -> str:
    return display_name(data[:_MOST_SHOWN])


def _seconds(header: str | None) -> float | None:
    """The pause that a server asks for, in seconds; dates are not understood."""
    try:
        found = float(header or "")
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None
