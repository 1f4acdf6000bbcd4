"""The options of cutting as typed: errors name the flags."""

from __future__ import annotations

import re

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.model.errors import UsageError

_FLAGS = {
    "max_tokens": "--max-tokens",
    "min_tokens": "--min-tokens",
    "max_chars": "--max-chars",
    "overlap": "--overlap",
    "boundaries": "--boundaries",
}
_NAME = re.compile(rf"(?<![\w'-])({'|'.join(_FLAGS)})(?![\w'-])")


def typed_options(
    *, max_tokens: int, min_tokens: int | None, max_chars: int, overlap: int, boundaries: str, encoding: str
) -> ChunkOptions:
    """The options of a run. Raises UsageError, which names the flag, for a value that is not accepted."""
    if min_tokens is not None and min_tokens < 0:  # -1 says to ChunkOptions that none was given
        raise UsageError(f"--min-tokens {min_tokens} is not accepted; accepted: 0 to below --max-tokens")
    try:
        return ChunkOptions(
            max_tokens=max_tokens,
            **({} if min_tokens is None else {"min_tokens": min_tokens}),
            max_chars=max_chars,
            overlap=overlap,
            boundaries=boundaries,
            encoding=encoding,
        )
    except UsageError as error:
        # The library speaks of its parameters; what was typed is quoted, and stays as it is.
        raise UsageError(_NAME.sub(lambda found: _FLAGS[found[1]], str(error))) from error
