"""Whether a text is nested deeper than its parser can bear, decided from its bytes before the parse.

Some grammars take time by the square of the depth, within steps that nothing stops: 64 KB of `a<` take Java 40 seconds,
4 MB of `(` take C minutes. The scanner of Markdown overruns its state, which ends the process.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt

_MOST_OPENED, _MOST_ANGLED = 20_000, 8_000
"""Brackets within each other; the same with `<` among them, or tags: two seconds in the worst grammar."""
_MARKDOWN_LEVELS: Final = 150
_MARKDOWN_MARGIN: Final = re.compile(rb"^[ \t>*+\-0-9.)]{%d,}" % (_MARKDOWN_LEVELS // 4), re.MULTILINE)
_ANGLED: Final = frozenset(["cpp", "csharp", "cuda", "java"])
"""Grammars where `a<` may begin the arguments of a type."""


_PAGES: Final = frozenset(["html", "svelte"])
"""Grammars of tags."""


def is_deep(data: bytes, grammar: str) -> bool:
    """Whether a text is nested too deep for a grammar."""
    if grammar == "markdown":
        return _is_deep_markdown(data)
    if len(data) <= _MOST_ANGLED:
        return False
    if grammar in _PAGES:
        closed = 2 * data.count(b"</") + data.count(b"/>") + data.count(b"<!")
        has_many_tags = data.count(b"<") - closed > _MOST_ANGLED
        if has_many_tags or grammar == "html":  # where brackets nest in scripts only
            return has_many_tags
    steps, most = (_ANGLED_STEPS, _MOST_ANGLED) if grammar in _ANGLED else (_STEPS, _MOST_OPENED)
    return bool(np.cumsum(steps.take(np.frombuffer(data, np.uint8)), dtype=np.int32).max() > most)


def _is_deep_markdown(data: bytes) -> bool:
    """Whether blocks may be nested deeper than the scanner has room for.

    To open a block within others, a line must go on with each of them: by a `>`, or by white space for a list item,
    where a tab stands for up to four columns.
    """
    margins = _MARKDOWN_MARGIN.findall(data)
    return any(text.count(b">") + text.count(b" ") + 4 * text.count(b"\t") > _MARKDOWN_LEVELS for text in margins)


def _steps(opening: bytes, closing: bytes) -> npt.NDArray[np.int8]:
    """int8[256]: what each byte adds to the depth."""
    steps = np.zeros(256, np.int8)
    steps[list(opening)] = 1
    steps[list(closing)] = -1
    return steps


_STEPS: Final = _steps(b"([{", b")]}")
_ANGLED_STEPS: Final = _steps(b"([{<", b")]}>")
