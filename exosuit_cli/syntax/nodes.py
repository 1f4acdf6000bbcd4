"""Parts of nodes that may be missing: in an error, or where a parser put in what a text lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


def first_named(node: Node) -> Node | None:
    """The first named child; None where there is none."""
    return node.named_children[0] if node.named_child_count else None


def last_named(node: Node) -> Node | None:
    """The last named child; None where there is none."""
    return node.named_children[-1] if node.named_child_count else None
