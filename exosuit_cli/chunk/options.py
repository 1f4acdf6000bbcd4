"""How to cut: resolved, checked, and small enough to send to a worker. Every option of it is declared here, once."""

from __future__ import annotations

from dataclasses import replace

from exosuit_cli.config.option import CHUNKS, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

CUT_RULES = 7
"""Raised when texts are cut elsewhere than before under the same options: what is kept is cut again."""
BOUNDARIES = ("structure", "ast", "lines")
LEAST_CAP, LARGEST_CAP = 16, 1_048_576
SEGMENT_BYTES = 8 << 20
"""A longer text is cut into segments of at most this many bytes, which are chunked one by one."""
_MIN_TOKENS = 64
CONTEXT_TOKENS = 64
"""The most tokens of a chunk's context; less under a small cap."""
_CONTEXT_CHARS = 256


@dataclass(frozen=True, slots=True)
class ChunkOptions:
    """How to cut texts into chunks. The defaults are those of the command line.

    max_tokens: the cap, no chunk exceeds it. min_tokens: a chunk is smaller only where a stronger boundary asks for it
    and neither neighbour has room for it; by default 64, or an eighth of the cap if that is less. max_chars: a second
    cap, in Unicode characters; 0 for none. overlap: the most tokens that a chunk repeats of the one before; they count
    towards its cap. boundaries: one of `BOUNDARIES`. context: each chunk gets its context in front of its text, for
    which the caps leave room; see `contexts`. encoding: a name known to `tokens`.

    Raises UsageError for a value that is out of range, or not below another that bounds it.
    """

    max_tokens: int = option(
        512, "The cap of a chunk.", low=LEAST_CAP, high=LARGEST_CAP, changes="neither", panel=CHUNKS
    )
    min_tokens: int = option(
        -1,
        "Make smaller chunks only where the structure asks for it.",
        shown="64, or an eighth of the cap",
        changes="neither",
        panel=CHUNKS,
    )
    max_chars: int = option(0, "A cap in characters too; 0: none.", changes="neither", panel=CHUNKS)
    overlap: int = option(0, "Tokens to repeat of the chunk before.", changes="neither", panel=CHUNKS)
    boundaries: str = option("structure", "Where to cut", choices=BOUNDARIES, changes="neither", panel=CHUNKS)
    encoding: str = "o200k_base"
    context: bool = option(
        False, "Path and enclosing definitions in front of each text.", changes="neither", panel=CHUNKS
    )

    def __post_init__(self) -> None:
        for name in ("max_tokens", "min_tokens", "max_chars", "overlap"):
            if type(getattr(self, name)) is not int:
                raise UsageError(f"{name} {getattr(self, name)!r} is not accepted; accepted: a whole number")
        if self.min_tokens == -1:
            object.__setattr__(self, "min_tokens", min(_MIN_TOKENS, self.max_tokens // 8))
        if not LEAST_CAP <= self.max_tokens <= LARGEST_CAP:
            raise UsageError(f"max_tokens {self.max_tokens} is not accepted; accepted: {LEAST_CAP} to {LARGEST_CAP}")
        if not 0 <= self.min_tokens < self.max_tokens:
            raise UsageError(f"min_tokens {self.min_tokens} is not accepted; accepted: 0 to below max_tokens")
        if not 0 <= self.overlap < self.max_tokens:
            raise UsageError(f"overlap {self.overlap} is not accepted; accepted: 0 to below max_tokens")
        if self.max_chars and self.max_chars < LEAST_CAP:
            raise UsageError(f"max_chars {self.max_chars} is not accepted; accepted: 0 for none, {LEAST_CAP} and more")
        if self.boundaries not in BOUNDARIES:
            raise UsageError(f"unknown boundaries {self.boundaries!r}: expected {', '.join(BOUNDARIES)}")

    @property
    def context_room(self) -> int:
        """The most tokens of a context: a quarter of the cap, at most `CONTEXT_TOKENS`."""
        return min(CONTEXT_TOKENS, self.max_tokens // 4)

    @property
    def planned(self) -> ChunkOptions:
        """The options by which texts are cut: with contexts, under caps that leave room for them."""
        if not self.context:
            return self
        most = max(self.max_tokens - self.context_room, LEAST_CAP)
        chars = self.max_chars and max(self.max_chars - min(_CONTEXT_CHARS, self.max_chars // 4), LEAST_CAP)
        least, overlap = min(self.min_tokens, most - 1), min(self.overlap, most - 1)
        return replace(self, max_tokens=most, min_tokens=least, max_chars=chars, overlap=overlap, context=False)
