"""The trees that a phase is proven with: drawn by a seed, or a sample of a repository, always copies."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.proof import BASELINE_TREE, TREE
from exosuit_cli.ingest import scan
from exosuit_cli.measure.code_like import write_code_tree
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.safe_open import FILE_FLAGS, open_base, open_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.ingest import ProgressCallback, ScanResult

MARGIN: Final = 1.02
"""Tokens beyond the limit that are asked of a repository: a file may shrink between the scan and its copy."""

_PER_DIRECTORY: Final = 100
_NAME_BYTES: Final = 80
_READ: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _File:
    path: bytes
    size: int
    tokens: int


def draw_trees(directory: str, tokens: int, baseline_tokens: int, seed: int) -> str:
    """Write both trees of a proof into `directory`, drawn by the seed; what they are called. Raises OutputError."""
    write_code_tree(os.path.join(directory, TREE), tokens, seed)
    write_code_tree(os.path.join(directory, BASELINE_TREE), baseline_tokens, seed)
    return f"synthetic, seed {seed}"


def sample_trees(
    directory: str,
    path: str,
    tokens: int,
    baseline_tokens: int,
    options: ScanOptions,
    progress: ProgressCallback | None,
) -> str:
    """Copy files of a repository with so many tokens into both trees of a proof; what they are called.

    Each text counts once. Files are taken evenly from the smallest to the largest, so that those of the baseline are
    of the same sizes as all. The repository is read like any other: no link is followed, nothing in it is changed.

    Raises UsageError where it holds fewer tokens, OutputError where there is no room for the copies.
    """
    result = scan(path, options, progress=progress)
    files = _texts(result)
    held = sum(each.tokens for each in files)
    if held < tokens:
        raise UsageError(
            f"--from {path!r}: holds {held:,} tokens of text, copies not counted, and {tokens:,} are needed; name a "
            "larger tree, or leave --from out"
        )
    chosen = evenly(files, int(tokens * MARGIN))
    base = open_base(result.base)
    try:
        _copy(base, chosen, os.path.join(directory, TREE))
        _copy(base, evenly(chosen, baseline_tokens), os.path.join(directory, BASELINE_TREE))
    except OSError as error:
        raise OutputError(f"{directory!r}: files of {path!r} cannot be copied: {error.strerror}") from error
    finally:
        os.close(base)
    return f"tree {result.tree_digest}"


def evenly(files: Sequence[_File], tokens: int) -> list[_File]:
    """Files with at least so many tokens, if there are so many, and few more, spread evenly over all sizes."""
    ordered = sorted(files, key=lambda each: (each.size, each.path))
    share = tokens / max(sum(each.tokens for each in ordered), 1)
    chosen: list[_File] = []
    others: list[_File] = []
    passed = taken = 0
    for each in ordered:
        passed += each.tokens
        if taken + each.tokens / 2 <= passed * share:
            chosen.append(each)
            taken += each.tokens
        else:
            others.append(each)
    for each in reversed(others):  # the largest that fit into what is missing
        if each.tokens <= tokens - taken:
            chosen.append(each)
            taken += each.tokens
    larger = (each for each in others if each not in chosen)
    if taken < tokens and (last := next(larger, None)) is not None:
        chosen.append(last)
    return chosen


def _texts(result: ScanResult) -> list[_File]:
    """The text files of a scan, each content once."""
    rows = result.rows
    tokens, sizes = rows["tokens"].tolist(), rows["size"].tolist()
    first: dict[str, _File] = {}
    for place, path in enumerate(result.paths):
        if tokens[place] > 0:
            first.setdefault(result.digest(place), _File(path, sizes[place], tokens[place]))
    return list(first.values())


def _copy(base: int, files: Sequence[_File], root: str) -> None:
    """Copy files into a new directory, under names that keep their endings and nothing else that could surprise.

    A file that has gone, or is no regular file any more, is left out.
    """
    os.mkdir(root, 0o700)
    for number, each in enumerate(files):
        directory = os.path.join(os.fsencode(root), b"part%04d" % (number // _PER_DIRECTORY))
        if number % _PER_DIRECTORY == 0:
            os.mkdir(directory, 0o700)
        above, name = os.path.split(each.path)
        try:
            parent = open_directory(base, above)
        except OSError:
            continue
        try:
            source = os.open(name, FILE_FLAGS, dir_fd=parent)
        except OSError:
            continue
        finally:
            os.close(parent)
        with (
            open(source, "rb") as file,
            open(os.path.join(directory, b"%06d-" % number + name[-_NAME_BYTES:]), "wb") as copy,
        ):
            copy.write(file.read(each.size + _READ))
