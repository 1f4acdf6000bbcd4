"""The manual for a person: rendered on a terminal, plain Markdown into a pipe or a file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

_WIDEST = 100
"""Columns of running text: longer lines are hard to read."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...


def print_topics(topics: Sequence[_Named]) -> None:
    """Print one line a topic."""
    width = max(len(topic.name) for topic in topics)
    for topic in topics:
        sys.stdout.write(f"{topic.name:<{width}}  {topic.summary}\n")
    sys.stdout.write("\n`exosuit manual TOPIC` prints a topic.\n")


def print_page(console: Console, markdown: str) -> None:
    """Print a page. NO_COLOR is the console's to honour."""
    if not console.is_terminal:
        sys.stdout.write(markdown)
        return
    from rich.markdown import Markdown

    console.print(Markdown(markdown, hyperlinks=False), width=min(console.width, _WIDEST))
