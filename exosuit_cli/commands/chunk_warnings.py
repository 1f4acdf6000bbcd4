"""What `exosuit chunk` did not do as one may have expected it, in words."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.records import Kind, Outcome
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.ingest import ChunkResult, ScanResult
    from exosuit_cli.shards.fallbacks import Fallbacks

NO_GRAMMAR = "no grammar"
"""The reason that is no surprise: prose and data have none. Any other concerns a language that has one."""
_LANGUAGES_TOLD = 6


def chunk_warnings(result: ChunkResult, *, size_is_chosen: bool) -> list[str]:
    """The warnings of a run beyond those of its scan; `size_is_chosen`: that large files are left out was asked for."""
    scanned = result.scan
    found = []
    large = [skip for skip in scanned.skips if skip.outcome is Outcome.TOO_LARGE]
    if large and not size_is_chosen:
        which = "1 file is" if len(large) == 1 else f"{len(large):,} files are"
        found.append(
            f"{which} larger than chunks are made of and left out, the first: {display_name(large[0].path)}; "
            "see --max-file-size"
        )
    # Where the scan itself says why it came back with nothing, or large files are all there is, that is enough.
    if not result.statistics.chunks and not scanned.partial and (scanned.paths or not (scanned.warnings or found)):
        found.append(f"nothing to cut: {_why_nothing(scanned)}")
    elif scanned.paths:
        found += _named_for_nothing(scanned)
    return [*found, *unparsed(result.fallbacks, result.statistics.files)]


def _named_for_nothing(scanned: ScanResult) -> Iterator[str]:
    """Files that were asked for by name and of which nothing was cut, although of others something was."""
    roots = {root for root in scanned.roots if root}
    for skip in scanned.skips:
        if skip.path in roots and not skip.is_directory:
            yield f"nothing to cut: {display_name(skip.path)} is skipped ({skip.outcome.label.replace('_', ' ')})"
    if roots:
        for path, kind, size in zip(
            scanned.paths, scanned.rows["kind"].tolist(), scanned.rows["size"].tolist(), strict=True
        ):
            if path in roots and (kind == Kind.BINARY or not size):
                yield f"nothing to cut: {display_name(path)} is {'binary' if kind == Kind.BINARY else 'empty'}"


def unparsed(fallbacks: Fallbacks, files: int) -> Iterator[str]:
    """The warning about texts that were not parsed although their language has a grammar, of so many files."""
    yield from _cut_by_structure(Counter({of: n for of, n in fallbacks.items() if of[0] != NO_GRAMMAR}), files)


def without_grammar(fallbacks: Fallbacks, files: int) -> Iterator[str]:
    """The note on texts whose language has no grammar, of so many files."""
    yield from _cut_by_structure(Counter({of: n for of, n in fallbacks.items() if of[0] == NO_GRAMMAR}), files)


def languages_by_reason(fallbacks: Fallbacks) -> Iterator[tuple[str, str]]:
    """Each reason with the languages of its files: `Text 13, INI 2, 3 of unknown language`."""
    by_reason: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for (reason, language), count in fallbacks.items():
        by_reason[reason][language] += count
    for reason, languages in sorted(by_reason.items(), key=lambda item: (-item[1].total(), item[0])):
        ordered = sorted(languages.items(), key=lambda item: (item[0] == "", -item[1], item[0]))
        shown = ordered if len(ordered) <= _LANGUAGES_TOLD + 1 else ordered[:_LANGUAGES_TOLD]
        words = [f"{language} {count:,}" if language else f"{count:,} of unknown language" for language, count in shown]
        if len(shown) < len(ordered):
            words.append(f"{sum(count for _, count in ordered[len(shown) :]):,} others")
        yield reason, ", ".join(words)


def _cut_by_structure(fallbacks: Fallbacks, files: int) -> Iterator[str]:
    if fallbacks:
        reasons = "; ".join(f"{reason}: {languages}" for reason, languages in languages_by_reason(fallbacks))
        verb = "was" if fallbacks.total() == 1 else "were"
        yield (
            f"{fallbacks.total():,} of {counted(files, 'text file')} {verb} cut by structure, not by syntax ({reasons})"
        )


def _why_nothing(scanned: ScanResult) -> str:
    """Why a run that was not interrupted has not one chunk."""
    if not scanned.paths:
        reasons = ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in scanned.skipped.items())
        return f"every file is skipped ({reasons})" if reasons else "there is no file"
    binary = int(np.count_nonzero(scanned.rows["kind"] == Kind.BINARY))
    empty = len(scanned.paths) - binary
    if len(scanned.paths) == 1:
        return f"{display_name(scanned.paths[0])} is {'binary' if binary else 'empty'}"
    kinds = [f"{count:,} {kind}" for count, kind in ((binary, "binary"), (empty, "empty")) if count]
    return f"of {len(scanned.paths):,} files {' and '.join(kinds)}"
