"""The exact counters: gigatoken for speed, toktok for what gigatoken is slow at, and as a second opinion.

numpy is imported where it is used: a vocabulary can then be loading while the program still imports it.
"""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.encodings import find_encoding
from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.tokens.encodings import read_vocabulary, vocabulary_path
from exosuit_cli.tokens.stream import HELD_LIMIT, WindowedStream
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    import numpy.typing as npt
    from gigatoken.gigatoken_rs import BPETokenizer

    from exosuit_cli.model.encodings import Encoding
    from exosuit_cli.model.protocols import TokenCounter

WINDOW: Final = 1 << 18
"""Bytes that gigatoken is given at once: its time grows faster than the length of a single word."""

CACHE_GROWTH_LIMIT: Final = 256 << 20
"""Bytes by which the process may grow before gigatoken's vocabulary, with its cache of words, is loaded anew."""

_CHECK_INTERVAL: Final = 8 << 20
_BLIND_CHECK_INTERVAL: Final = CACHE_GROWTH_LIMIT // 6  # where memory cannot be read: the worst growth measured

_LONG_S_CONTRACTION: Final = "'\N{LATIN SMALL LETTER LONG S}".encode()


def load_counter(encoding: str, implementation: str = "gigatoken") -> TokenCounter:
    """Return a counter that answers exactly like tiktoken's `encode_ordinary` of `data.decode("utf-8", "replace")`.

    Special tokens are ordinary text, undecodable bytes count as U+FFFD (see `text.to_utf8`), a byte order mark counts
    as U+FEFF.

    Exact means: the same as tiktoken with the same Unicode tables. The split patterns ask whether a character is a
    letter, mark, number or white space; gigatoken 0.10 and toktok 0.3 answer with the tables of Unicode 17.0, tiktoken
    0.14 with those of 16.0. A text can therefore count differently where it holds a letter, mark or number that
    Unicode 17.0 added (4,699 code points, none of them in common use); nowhere else.

    Loading takes longer than a small repository does, and may happen in any thread; gigatoken releases the interpreter
    meanwhile. After that a counter belongs to one thread of a process. A process that is forked inherits it ready, on
    shared pages. Text that holds bytes beyond ASCII is decoded once to validate it.

    Args:
        encoding: a key of `ENCODINGS`.
        implementation: one of `IMPLEMENTATIONS`.

    Raises:
        UsageError: the encoding or the implementation is not known.
        ResourceMissing: a vocabulary or a package is absent or damaged.

    """
    known = find_encoding(encoding)
    try:
        load = _LOADERS[implementation]
    except KeyError:
        names = ", ".join(_LOADERS)
        raise UsageError(f"unknown token counter {implementation!r}; the known ones are {names}") from None
    return load(known)


def counter_of_few(encoding: str) -> TokenCounter:
    """Return a counter as `load_counter` does, ready in a quarter of the time, for texts of some 500 KB in all.

    Where there is more to count, the other one is loaded as well. Raises as `load_counter` does.
    """
    from exosuit_cli.tokens.small import SmallCounter

    return SmallCounter(find_encoding(encoding))


class GigatokenCounter:
    """Counts with gigatoken, in windows that are cut where counts add up; see `load_counter` for what is guaranteed.

    A stretch of more than `WINDOW` bytes with no safe place to cut, as one endless word, goes to toktok, whose time is
    linear: at worst 0.5 s a MB, measured on a line of hyphens. Memory: at worst six times the longest such stretch.

    gigatoken 0.10 remembers every word that it has met, without a bound: 0.14 GB after the 1.3 GB of a Linux tree, 6
    bytes a byte of random words. When the process has grown by `CACHE_GROWTH_LIMIT`, the vocabulary is loaded anew,
    which drops that memory and takes 0.3 s.
    """

    implementation: Final = "gigatoken"

    def __init__(self, encoding: Encoding, slow: ToktokCounter | None = None) -> None:
        self.encoding: Final = encoding.name
        self._encoding = encoding
        self._slow = slow
        self._core = _load_gigatoken(encoding)
        self._memory = private_bytes()
        self._unchecked = 0
        self._check_interval = _BLIND_CHECK_INTERVAL if self._memory is None else _CHECK_INTERVAL

    def count(self, data: bytes) -> int:
        """Return the exact number of tokens of the text that `data` holds."""
        if len(data) <= WINDOW:
            return len(self._encode(data))
        return sum(
            self._linear().count(piece) if linear else len(self._encode(piece)) for piece, linear in self._cut(data)
        )

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """Return the count of each text."""
        return [self.count(text) for text in texts]

    def encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        """Return the token ids of that text, uint32[n]; `count(data)` is their number."""
        if len(data) <= WINDOW:
            return self._encode(data)
        import numpy as np

        return np.concatenate(
            [self._linear().encode(piece) if linear else self._encode(piece) for piece, linear in self._cut(data)]
        )

    def stream(self, held_limit: int = HELD_LIMIT) -> WindowedStream:
        """Start to count a text that is too large to hold; an estimate beyond `held_limit` bytes without a cut."""
        return WindowedStream(self.count, held_limit)

    def _cut(self, data: bytes) -> Iterator[tuple[bytes, bool]]:
        from exosuit_cli.tokens.boundaries import windows

        for start, stop, giant in windows(data, WINDOW):
            piece = data[start:stop]
            # An endless word in which toktok could err costs gigatoken O(n log n) time and 24 bytes of memory a byte.
            yield piece, giant and not misleads_toktok(piece, self._encoding)

    def _linear(self) -> ToktokCounter:
        if self._slow is None:
            self._slow = ToktokCounter(self._encoding, exact=self)
        return self._slow

    def _encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        self._unchecked += len(data)
        if self._unchecked > self._check_interval:
            self._bound_cache()
        return self._core.encode(data if data.isascii() else to_utf8(data))

    def _bound_cache(self) -> None:
        self._unchecked = 0
        memory = private_bytes()
        if memory is None or self._memory is None or memory - self._memory > CACHE_GROWTH_LIMIT:
            self._core = _load_gigatoken(self._encoding)
            self._memory = private_bytes()


class ToktokCounter:
    """Counts with toktok, in time linear in the text; see `load_counter` for what is guaranteed.

    toktok 0.3 does not see that an apostrophe and U+017F, the long s that folds to `s`, are the contraction `'s` where
    o200k_base takes it with the word before. A text with these two characters is counted by gigatoken in that encoding.
    """

    implementation: Final = "toktok"

    def __init__(self, encoding: Encoding, exact: GigatokenCounter | None = None) -> None:
        self.encoding: Final = encoding.name
        self._encoding = encoding
        self._exact = exact
        self._core = _load_toktok(encoding)

    def count(self, data: bytes) -> int:
        """Return the exact number of tokens of the text that `data` holds."""
        if misleads_toktok(data, self._encoding):
            return self._other().count(data)
        return int(self._core.count(data.decode("utf-8", "replace")))

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """Return the count of each text."""
        return [self.count(text) for text in texts]

    def encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        """Return the token ids of that text, uint32[n]; `count(data)` is their number."""
        if misleads_toktok(data, self._encoding):
            return self._other().encode(data)
        ids = self._core.encode_to_numpy(data.decode("utf-8", "replace"), disallowed_special=())
        converted: npt.NDArray[np.uint32] = ids.astype("uint32", copy=False)
        return converted

    def stream(self, held_limit: int = HELD_LIMIT) -> WindowedStream:
        """Start to count a text that is too large to hold; an estimate beyond `held_limit` bytes without a cut."""
        return WindowedStream(self.count, held_limit)

    def _other(self) -> GigatokenCounter:
        if self._exact is None:
            self._exact = GigatokenCounter(self._encoding, slow=self)
        return self._exact


_LOADERS: Final[dict[str, Callable[[Encoding], TokenCounter]]] = {
    "gigatoken": GigatokenCounter,
    "toktok": ToktokCounter,
}
IMPLEMENTATIONS: Final = tuple(_LOADERS)
"""Names that `load_counter` knows; the first is the default."""


def misleads_toktok(data: bytes, encoding: Encoding) -> bool:
    """Tell whether `data` holds the two characters that toktok may split wrongly in this encoding."""
    return encoding.joins_contractions and _LONG_S_CONTRACTION in data


def private_bytes() -> int | None:
    """Return the bytes that are resident and not shared, from /proc/self/statm (see proc(5)), or None without it."""
    try:
        with open("/proc/self/statm", "rb") as file:
            _, resident, shared, *_ = file.read().split()
    except OSError:
        return None
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _load_gigatoken(encoding: Encoding) -> BPETokenizer:
    try:
        from gigatoken.gigatoken_rs import BPETokenizer
    except ImportError as error:
        raise _not_installed("gigatoken", error) from error
    read_vocabulary(encoding)
    # No special tokens: `<|endoftext|>` in a file is text like any other.
    return BPETokenizer.from_tiktoken(vocabulary_path(encoding), encoding.gigatoken_scheme, {})


def _load_toktok(encoding: Encoding) -> Any:
    try:
        from toktok._toktok import Tokenizer
    except ImportError as error:
        raise _not_installed("toktok-rs", error) from error
    return _shared_toktok(Tokenizer, encoding.name)


@cache
def _shared_toktok(tokenizer: Callable[[str, str], Any], encoding: str) -> Any:
    # toktok 0.3 keeps 16 MiB of working memory for the last user of an encoding: two tokenizers of one encoding that
    # take turns make it anew at every call, which costs milliseconds and, as the heap fragments, memory without end.
    return tokenizer(encoding, "")


def _not_installed(package: str, error: ImportError) -> ResourceMissing:
    return ResourceMissing(f"{package}: the package cannot be imported: {error}; reinstall it")
