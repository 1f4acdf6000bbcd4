"""Measure `exosuit scan` against public tools doing comparable work, A and B in turn, and print ratios.

    python scripts/bench_scan.py TREE [--small TREE] [--git TREE] [--repomix COMMAND] [--runs 7] [--output FILE]

TREE is any directory, for the published figures Debian's linux-source-6.1. Every run is a whole process, start
included. A row is measured as A B A B ... after one warm-up of each, so a drift of the machine meets both sides; quoted
are medians and the ratio of medians, with the smallest and largest ratio of neighbouring runs. The page cache is warm:
each side has just read the same files. --git names a copy of TREE that is committed to git and clean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from paired_runs import EXOSUIT, Row, Side, machine, scan_work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

EVERYTHING = ("--no-ignore", "--hidden")


def digest_rows(tree: str, scratch: Path) -> Iterator[Row]:
    """Digests of every file, lines and languages on top, beside the tools that do nothing but digests."""
    names = scratch / "names"
    with names.open("wb") as file:
        subprocess.run(["find", tree, "-type", "f", "-print0"], stdout=file, check=True)
    processors = str(len(os.sched_getaffinity(0)))
    options = (*EVERYTHING, "--no-index", "--no-tokens")
    if shutil.which("b3sum"):
        yield Row(
            "no tokens: walk, read, BLAKE3, lines, language",
            Side("exosuit scan --no-tokens", [EXOSUIT, "scan", tree, *options, "--json"]),
            Side(f"xargs -P{processors} b3sum", ["xargs", "-0", f"-P{processors}", "b3sum"], str(names)),
            target_ratio=1.3,
            work=scan_work(tree, *options),
        )
    if shutil.which("xxhsum"):
        options = (*options, "--hash", "xxh3")
        yield Row(
            "no tokens, XXH3",
            Side("exosuit scan --no-tokens --hash xxh3", [EXOSUIT, "scan", tree, *options, "--json"]),
            Side(f"xargs -P{processors} xxhsum -H2", ["xargs", "-0", f"-P{processors}", "xxhsum", "-H2"], str(names)),
            work=scan_work(tree, *options),
        )


def index_row(checkout: str, scratch: Path) -> Row:
    """A scan of what an index already has, beside git's own look at every file of a clean checkout."""
    index = {"XDG_CACHE_HOME": str(scratch / "cache")}
    options = [checkout, *EVERYTHING, "--json"]
    subprocess.run([EXOSUIT, "scan", *options], env=os.environ | index, stdout=subprocess.DEVNULL, check=True)
    return Row(
        "unchanged, with index",
        Side("exosuit scan (index)", [EXOSUIT, "scan", *options], environment=index),
        Side("git status", ["git", "-C", checkout, "status", "--porcelain"]),
        target_ratio=1.5,
        work=scan_work(*options[:-1], environment=index),
    )


def repomix_row(command: Sequence[str], part: str, scratch: Path) -> Row:
    """Exact tokens of a part of the tree, which repomix packs and counts, without the counts that it remembers."""
    pack = ("--no-gitignore", "--no-security-check", "-o", str(scratch / "repomix.txt"), part)
    return Row(
        "exact tokens of a part, against repomix",
        Side("exosuit scan", [EXOSUIT, "scan", part, *EVERYTHING, "--no-index", "--json"]),
        Side("repomix", [*command, *pack], forgets=True),
        target_ratio=1 / 30,
        work=scan_work(part, *EVERYTHING, "--no-index"),
    )


def _rows(arguments: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    tree, options = arguments.tree, (*EVERYTHING, "--no-index")
    yield from digest_rows(tree, scratch)
    full = Side("exosuit scan (o200k_base)", [EXOSUIT, "scan", tree, *options, "--json"])
    yield Row("exact tokens", full, None, target_seconds=4.0, work=scan_work(tree, *options))
    if arguments.git:
        yield index_row(arguments.git, scratch)
    if arguments.small:
        yield Row(
            "small repository, first time",
            Side("exosuit scan", [EXOSUIT, "scan", arguments.small, "--no-index"]),
            None,
            target_seconds=0.45,
            work=scan_work(arguments.small, "--no-index"),
        )
    if arguments.repomix and arguments.repomix_tree:
        yield repomix_row(arguments.repomix.split(), arguments.repomix_tree, scratch)
    yield Row("start", Side("exosuit --version", [EXOSUIT, "--version"]), None, target_seconds=0.15)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--small", help="a small repository, for the first-time row")
    parser.add_argument("--git", help="a clean git checkout of the tree, for the index row")
    parser.add_argument("--repomix", help="the command that starts repomix")
    parser.add_argument("--repomix-tree", help="the part of the tree that repomix packs")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", help="measure only rows whose name holds this")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = []
        for row in _rows(arguments, Path(scratch)):
            if arguments.only and arguments.only not in row.name:
                continue
            result = row.measure(arguments.runs)
            results.append(result)
            print(_line(result), flush=True)
    if arguments.output:
        version = subprocess.run([EXOSUIT, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        document = {
            "schema": "exosuit.bench_scan/1",
            "version": version,
            "python": platform.python_version(),
            "machine": machine(),
            "tree": Path(arguments.tree).name,
            "page_cache": "warm",
            "rows": results,
        }
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")


def _line(result: dict[str, object]) -> str:
    a = result["a"]
    assert isinstance(a, dict)
    text = f"{result['name']:<48} {a['median_s']:8.3f} s ({a['min_s']:.3f}-{a['max_s']:.3f})"
    b = result.get("b")
    if isinstance(b, dict):
        text += f"  {b['label']} {b['median_s']:.3f} s"
        text += f"  ratio {result['ratio']:.3f} ({result['ratio_min']:.3f}-{result['ratio_max']:.3f})"
        if result["target_ratio"]:
            text += f"  wanted <= {result['target_ratio']:.3f}"
    elif result["target_seconds"]:
        text += f"  wanted <= {result['target_seconds']} s"
    return text


if __name__ == "__main__":
    main()
