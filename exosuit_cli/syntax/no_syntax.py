"""Why a text has no syntax tree."""

from __future__ import annotations


class NoSyntax(Exception):
    """A text has no syntax tree to cut by; the message says why, in a few words."""
