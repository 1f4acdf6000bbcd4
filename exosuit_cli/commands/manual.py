"""The manual: topics in Markdown inside the package, their tables filled in from the declarations."""

from __future__ import annotations

import difflib
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from importlib.resources.abc import Traversable

    Tables = Mapping[str, Callable[[str], str]]
    """By the first word of a placeholder: what gives the table for the rest of its words."""

_TITLE: Final = re.compile(r"# (?P<name>[a-z-]+): (?P<summary>.+)\n")
_PLACEHOLDER: Final = re.compile(r"^\{(?P<table>[a-z-]+)(?: (?P<of>[a-z -]+))?\}$", re.MULTILINE)
_RELATIVE_LINK: Final = re.compile(r"\[(?P<text>[^\]]+)\]\((?![a-z]+:)[^)\s]+\)")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: the word that asks for it, and what it is about in one line."""

    name: str
    summary: str


def list_topics() -> list[Topic]:
    """Every topic, by name."""
    names = sorted(file.name for file in _folder().iterdir() if file.name.endswith(".md"))
    return [_topic(name.removesuffix(".md")) for name in names]


def read_topic(name: str, tables: Tables) -> str:
    """The Markdown of a topic, each placeholder line replaced by its table, links inside the project by their text.

    A placeholder is `{table}` or `{table of what}` on a line of its own. Raises UsageError for an unknown topic.
    """
    names = [topic.name for topic in list_topics()]
    if name not in names:
        near = difflib.get_close_matches(name.lower()[:40], names, n=3, cutoff=0.7)
        nearest = f"did you mean {' or '.join(near)}?" if near else "`exosuit manual` lists the topics"
        raise UsageError(f"no topic {name!r}; {nearest}")
    text = _PLACEHOLDER.sub(lambda found: tables[found["table"]](found["of"] or "").strip(), _read(name))
    return _RELATIVE_LINK.sub(lambda found: found["text"], text)


def _topic(name: str) -> Topic:
    found = _TITLE.match(_read(name))
    assert found is not None, f"manual/{name}.md does not begin with `# {name}: what it is about`"
    return Topic(name, found["summary"])


def _read(name: str) -> str:
    return (_folder() / f"{name}.md").read_text(encoding="utf-8")


def _folder() -> Traversable:
    return resources.files("exosuit_cli") / "manual"
