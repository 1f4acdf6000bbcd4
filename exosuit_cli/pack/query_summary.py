"""The words at the end of a pack of the answers to a question: what it has, what was left out next."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.units import counted
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.summary import closing_lines
from exosuit_cli.pack.tree import file_tree
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.query_result import QueriedFile
    from exosuit_cli.search.records import Answer

_LONGEST_QUERY: Final = 200
"""Characters of the question that are repeated."""
_WORDS: Final = {
    Detail.FULL: "in full",
    Detail.PIECES: "in pieces",
    Detail.SIGNATURES: "without bodies (signatures)",
    Detail.OUTLINE: "as an outline of what they define",
    Detail.PATH: "by path only",
}


def query_summary(query: str, files: Sequence[QueriedFile], left_out: Sequence[str], options: PackOptions) -> str:
    """The summary, a fact on each line; `left_out` names the answers that come next."""
    details = Counter(file.detail for file in files)
    held = ", ".join(f"{details[detail]:,} {words}" for detail, words in _WORDS.items() if details[detail])
    shown = " ".join(query.split())
    shown = shown if len(shown) <= _LONGEST_QUERY else shown[:_LONGEST_QUERY] + "..."
    lines = [
        f"{counted(len(files), 'file')}{': ' + held if held else ''}.",
        f"Chosen by relevance to: {display_name(shown)}",
    ]
    if left_out:
        lines += ["Left out, the most relevant first:", *(f"- {each}" for each in left_out)]
    secrets = sum(len(file.secrets) for file in files)
    if secrets and options.secrets == "redact":
        lines.append(f"{counted(secrets, 'secret')} of these files redacted.")
    lines += closing_lines(sum(file.protected for file in files), options)
    return "".join(f"{line}\n" for line in lines)


def left_out_line(path: bytes, answer: Answer) -> str:
    """Where an answer lies, in words."""
    symbol = f" {display_name(answer.symbol)}" if answer.symbol else ""
    return f"{display_name(path)}:{answer.start_line}-{answer.end_line}{symbol}"


def query_tree(files: Iterable[QueriedFile]) -> str:
    """The tree of the files, in the order of their paths."""
    return file_tree(sorted((file.path for file in files), key=lambda path: path.rpartition(b"/")))
