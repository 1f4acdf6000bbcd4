"""Answers, outlines and related code for a person at a terminal."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.units import counted
from exosuit_cli.report.lines import Line, labelled_phrases
from exosuit_cli.report.query.code import print_code
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.commands.outline import OutlineOutcome
    from exosuit_cli.commands.query import IndexUse, QueryOutcome
    from exosuit_cli.commands.related import RelatedOutcome
    from exosuit_cli.commands.shown_answers import ChunkPlace, ShownAnswer
    from exosuit_cli.report.lines import Console

_SHOWN_QUERY: Final = 80
"""Characters of a query that are repeated where nothing matches."""
_LEAST_SHARE: Final = 0.005
"""Of a score; a signal with less is not named."""


def print_answers(console: Console, outcome: QueryOutcome) -> None:
    """Print every answer with its place and its numbered lines, then what was searched."""
    for each in outcome.answers:
        _print_answer(console, each, explain=outcome.request.answers.explain)
        console.print()
    if not outcome.answers and outcome.index.files and not outcome.warnings:
        query = " ".join(outcome.request.text.split())
        shown = query if len(query) <= _SHOWN_QUERY else query[:_SHOWN_QUERY] + "..."
        labelled_phrases(console, "no match", f"nothing that was searched has a word of: {shown}")
        if outcome.near:
            labelled_phrases(console, "near", *(f"{each}," for each in outcome.near[:-1]), outcome.near[-1])
    print_searched(console, outcome.index, outcome.seconds, outcome.context)
    if outcome.tokens is not None:
        labelled_phrases(console, "budget", f"{counted(outcome.tokens, 'token')} of {outcome.request.answers.budget:,}")


def print_searched(console: Console, index: IndexUse, seconds: float, context: str) -> None:
    """What was searched, and how long it took."""
    searched = f"{counted(index.files, 'file')}, {counted(index.chunks, 'chunk')} of the context {context}"
    if not index.files:
        searched = f"no files of the context {context}: none that has text passes the filters"
    refreshed = (
        f"{counted(index.refreshed, 'file')} brought up to date in {index.seconds:.2f} s" if index.refreshed else ""
    )
    phrases = [f"{searched} in {1000 * seconds:.1f} ms" if index.files else searched, refreshed]
    labelled_phrases(console, "searched", *(each for each in phrases if each), gap="; ")


def print_outline(console: Console, outcome: OutlineOutcome) -> None:
    """Print an outline as its text is, then what it is an outline of."""
    for path, of_file in groupby(outcome.entries, key=lambda each: each.path):
        console.print(Line((display_name(path), "bold")), soft_wrap=True)
        for each in of_file:
            console.print(Line((f"{each.line}:", "dim"), " ", each.text), soft_wrap=True)
    if outcome.entries:
        console.print()
    left_out = f"{outcome.left_out:,} more did not fit" if outcome.left_out else ""
    phrases = [counted(len(outcome.entries), "definition"), left_out]
    labelled_phrases(console, "outline", *(each for each in phrases if each), gap="; ")
    labelled_phrases(console, "budget", f"{counted(outcome.tokens, 'token')} of {outcome.request.options.budget:,}")
    print_searched(console, outcome.index, outcome.seconds, outcome.context)


def print_related(console: Console, outcome: RelatedOutcome) -> None:
    """Print what is related to a chunk, kind by kind."""
    symbol = f"  {display_name(outcome.symbol)}" if outcome.symbol else ""
    console.print(Line(place_text(outcome.place), (symbol, "cyan")), soft_wrap=True)
    for kind, found in outcome.related.items():
        console.print()
        console.print(Line((kind if found else f"no {kind}", "bold")))
        for each in found:
            symbol = f"  {display_name(each.symbol)}" if each.symbol else ""
            head = Line("  ", place_text(each.shown_place, ""), (symbol, "cyan"), (f"  {each.why}", "dim"))
            console.print(head, soft_wrap=True)
            if each.name is not None:
                shown = display_name(each.text.strip().expandtabs(4))
                console.print(Line((f"    {each.line}: ", "dim"), shown), soft_wrap=True)
    console.print()
    print_searched(console, outcome.index, outcome.seconds, outcome.context)


def place_text(place: ChunkPlace, style: str = "bold") -> tuple[str, str]:
    """`path:10-20`, as editors and grep have it."""
    lines = str(place.start_line) if place.start_line == place.end_line else f"{place.start_line}-{place.end_line}"
    return f"{display_name(place.path)}:{lines}", style


def _print_answer(console: Console, shown: ShownAnswer, *, explain: bool) -> None:
    answer = shown.answer
    symbol = f"  {display_name(shown.symbol)}" if shown.symbol else ""
    tokens = answer.tokens if shown.tokens is None else shown.tokens
    figures = f"  {answer.score:.2f}  {counted(tokens, 'token')}"
    head = Line(place_text(shown.place), (symbol, "cyan"), (figures, "dim"))
    console.print(head, soft_wrap=True)
    if explain:
        ranked = sorted(answer.signals.items(), key=lambda each: -abs(each[1]))
        shares = [f"{name} {value:+.2f}" for name, value in ranked if abs(value) >= _LEAST_SHARE]
        labelled_phrases(console, "signals", *shares, gap="  ")
    for twin in shown.twins:
        console.print(Line(("same as  ", "dim"), place_text(twin, "")), soft_wrap=True)
    if shown.more_twins:
        console.print(Line((f"and {shown.more_twins:,} more places with the same text", "dim")))
    print_code(console, shown.text, answer.start_line, answer.language, shown.enclosing)
