"""The scripts in a page of HTML, Svelte or Vue: text to the grammar of the page, a program to another grammar."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.costs import ATTACHED
from exosuit_cli.syntax.walk import INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

    from exosuit_cli.structure.code.strength import LineStrengths

PAGES: Final = frozenset(["html", "svelte"])
"""The grammars of pages."""
_HEADER: Final = 2
"""What is added for the first line, so that no tag is left alone."""
_MOST_NODES: Final = 20_000
_LANG: Final = re.compile(rb"lang\s*=\s*[\"']?(?P<lang>\w+)")
_TYPE: Final = re.compile(rb"\btype\s*=\s*[\"']?(?P<type>[\w/+.-]*)")
_GRAMMARS: Final = {
    b"js": "javascript",
    b"jsx": "javascript",
    b"ts": "typescript",
    b"tsx": "tsx",
    b"typescript": "typescript",
}
_PROGRAMS: Final = re.compile(rb"|module|.*(?:java|ecma|type)script.*|.*babel.*|.*jsx.*")


def scripts(root: Node) -> Iterator[tuple[Node, str]]:
    """The text of each script of a page, with the grammar that it is for."""
    nodes = [root]
    for _ in range(_MOST_NODES):
        if not nodes:
            break
        node = nodes.pop()
        if node.type == "script_element" and node.named_child_count:
            tag, *others = node.named_children
            text = others[0] if others else tag
            if text.type == "raw_text":
                head = tag.text or b""
                kind, lang = _TYPE.search(head), _LANG.search(head)
                if kind is None or _PROGRAMS.fullmatch(kind["type"]):
                    yield text, _GRAMMARS.get(lang["lang"] if lang is not None else b"js", "javascript")
        else:
            nodes += [child for child in reversed(node.named_children) if child.named_child_count]


def put_in(page: LineStrengths, script: LineStrengths, starts: list[int], text: Node) -> None:
    """Put the costs and kinds of the lines of a script in place of those that its text has in the page.

    Those of a script that fits stay. What is outermost in the script costs what a line of its text did.
    """
    first, stop = bisect_right(starts, text.start_byte), bisect_left(starts, text.end_byte)
    lines = slice(first, stop)
    base = int(page.costs[lines].min(initial=INSIDE)) & ~3
    if base >= ATTACHED:
        return
    costs = script.costs[lines]
    is_place = costs < ATTACHED
    page.costs[lines] = costs
    page.costs[lines][is_place] = (costs[is_place].astype(int) + base).clip(max=ATTACHED - 1)
    page.kinds[lines] = script.kinds[lines]
    if first < stop:
        page.costs[first] = max(int(page.costs[first]), base + _HEADER)
