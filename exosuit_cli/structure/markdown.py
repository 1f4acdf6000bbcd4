"""What a cut before each line of a Markdown text costs, by the blocks of the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import CLOSING, CONTINUED
from exosuit_cli.structure.document_costs import HEADED, INTRODUCED, ROW, DocumentCosts, block_cost
from exosuit_cli.structure.headings import LABEL
from exosuit_cli.structure.markdown_blocks import markdown_blocks
from exosuit_cli.structure.markdown_containers import BlockKind

if TYPE_CHECKING:
    from exosuit_cli.structure.markdown_containers import Block
    from exosuit_cli.structure.text_lines import TextLines

_ANNOUNCES: Final = re.compile(
    rb"(?:.*(?::|\xef\xbc\x9a)[*_`]{0,3}|\*\*.*\*\*|!!!.*|\?\?\?.*|===\+? .*|:::.*\w.*)\Z", re.DOTALL
)
"""The last line of a paragraph that belongs to what follows: a colon, bold print, an admonition."""
_OPENS: Final = re.compile(
    rb"<(details|div|p|table|section|center|tabs?|tabitem)\b(?!.*</\1>)", re.IGNORECASE | re.DOTALL
)
"""A tag that nothing closes."""
_CAPTION: Final = re.compile(rb"[*_]{0,2}(?:Table|Tab\.)[ \t:*_\d]|: ")
_BREAK: Final = BlockKind.BREAK
_CODE: Final = BlockKind.CODE
_FENCE: Final = BlockKind.FENCE
_FRONT_MATTER: Final = BlockKind.FRONT_MATTER
_HEADING: Final = BlockKind.HEADING
_HTML: Final = BlockKind.HTML
_ITEM: Final = BlockKind.ITEM
_LIST: Final = BlockKind.LIST
_PARAGRAPH: Final = BlockKind.PARAGRAPH
_QUOTE: Final = BlockKind.QUOTE
_TABLE: Final = BlockKind.TABLE
_VERBATIM: Final = (_FENCE, _CODE, _HTML, _FRONT_MATTER)
_ATTACHED: Final = (_FENCE, _CODE, _TABLE, _QUOTE, _LIST)
_NESTED: Final = int(Boundary.NESTED)
_LONGEST: Final = 2000
"""Bytes of a line or an HTML block that are looked at."""


def markdown_costs(text: TextLines) -> tuple[bytearray, bytearray]:
    """The costs of the lines of a text, and their kinds."""
    return _Markdown(text).run()


class _Markdown:
    def __init__(self, text: TextLines) -> None:
        self._text = text
        self._out = DocumentCosts(text)
        self._blocks = markdown_blocks(text)

    def run(self) -> tuple[bytearray, bytearray]:
        out, blocks = self._out, self._blocks
        costs, kinds = out.costs, out.kinds
        is_led = False
        """A heading is before, and nothing that it could be the heading of."""
        line = label = -1
        for place, block in enumerate(blocks):
            kind, first, stop, depth, level = block
            if kind is _PARAGRAPH and first == line:
                # The words of an item or of a quotation.
                label, is_led = -1, False
                continue
            is_new = first != line
            line = first
            if kind is _HEADING and not depth:
                if label >= 0:
                    costs[first] = CONTINUED
                    out.heading(label, level - 1, is_led=is_led)
                else:
                    out.heading(first, level - 1, is_led=is_led)
                if stop == first + 2:
                    costs[first + 1] = CLOSING
                is_led, label = True, -1
                continue
            if is_new:
                if is_led or label >= 0:
                    costs[first] = HEADED
                elif place and self._belongs(blocks[place - 1], block):
                    costs[first] = INTRODUCED
                else:
                    costs[first] = block_cost(2 * depth + (kind is _ITEM))
                    kinds[first] = _NESTED
                if kind is _ITEM or kind is _LIST:
                    label, is_led = -1, False
                    continue
            if kind in _VERBATIM:
                out.verbatim(first, stop, is_closed=kind != _CODE)
            elif kind == _TABLE:
                costs[first + 1 : stop] = bytes([CONTINUED, CONTINUED, *[ROW] * (stop - first)])[: stop - first - 1]
            is_label = kind in (_PARAGRAPH, _HTML) and not depth and self._is_label(block)
            if is_label:
                label = first if label < 0 else label
            else:
                label = -1
                is_led = is_led and (kind == _BREAK or (kind == _HTML and self._is_remark(block)))
        return costs, kinds

    def _is_label(self, block: Block) -> bool:
        first, text = block.first, self._text
        start = text.inks[first]
        if text.data[start] not in b"(<[":
            return False
        if first + 1 < len(text) and not text.is_blank(first + 1) and text.visited[first + 1] != first + 1:
            return False  # words follow
        return LABEL.match(text.text(first)[:_LONGEST]) is not None

    def _is_remark(self, block: Block) -> bool:
        """Whether HTML is a comment of one line."""
        text = self._text.text(block.first)
        return block.stop == block.first + 1 and text.startswith(b"<!--") and text.endswith(b"-->")

    def _belongs(self, before: Block, block: Block) -> bool:
        """Whether a block belongs to the one right before it: an announced list, a caption, what a tag opens."""
        text, kind, first = self._text, block.kind, block.first
        above = before.kind
        if (kind is _ITEM or kind is _PARAGRAPH) and above is not _HTML and above is not _TABLE:
            return False
        if kind == _HTML and text.data.startswith(b"</", text.inks[first]):
            return True
        if before.kind == _HTML:
            opener = text.data[text.inks[before.first] : text.starts[before.stop]][:_LONGEST]
            return _OPENS.match(opener) is not None
        if before.kind == _TABLE and kind == _PARAGRAPH:
            return _CAPTION.match(text.text(first)[:_LONGEST]) is not None
        if before.kind != _PARAGRAPH or before.depth != block.depth or kind not in _ATTACHED:
            return False
        last = first - 1
        if not text.is_blank(last):
            return True
        while text.is_blank(last):
            last -= 1
        if _ANNOUNCES.match(text.text(last)[-_LONGEST:]):
            return True
        return kind == _TABLE and _CAPTION.match(text.text(before.first)[:_LONGEST]) is not None
