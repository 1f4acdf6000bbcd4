"""Measure exosuit beside every public tool for comparable work that is installed; print one table with ratios.

    python scripts/bench_peers.py TREE [--part TREE] [--git TREE] [--npm DIRECTORY] [--repomix-tree TREE] [--runs 5]
        [--output FILE.json] [--markdown]

As in bench_scan.py and bench_chunk.py, whose rows these are in part: whole processes, start included, A B A B ... after
a warm-up, page cache warm, medians, the ratio of medians and the range of the ratios of neighbouring runs. A tool that
is not installed is listed with what installs it. Nothing is downloaded.

TREE is listed and read by all. The tools that take long read `--part`: the chunkers, parser and counter one copy of it,
in a loop in one Python process (peer_work.py), of UTF-8 files that all of them know. The files and tokens that a tool
says it did are compared with exosuit's, and a difference is told. Python's modules are compiled, for both sides.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_chunk import copy_part, peer_row, tree_bytes
from bench_scan import EVERYTHING, digest_rows, index_row, repomix_row
from paired_runs import EXOSUIT, Row, Side, machine, scan_work, version_of
from peer_work import ENCODING, work

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CAP = "512"
INSIDE = str(Path(__file__).with_name("peer_work.py"))


@dataclass(frozen=True)
class Tool:
    """A public tool: a program with the words that print its version, or a Python package."""

    name: str
    installs: str
    program: tuple[str, ...] = ()

    def version(self, npm: str | None) -> str | None:
        """None where it is absent."""
        if not self.program:
            return version_of(self.name)
        command = repomix(npm) if self.name == "repomix" else [shutil.which(self.program[0]) or ""]
        if not command or not command[0]:
            return None
        done = subprocess.run([*command, *self.program[1:]], capture_output=True, text=True, check=False)
        told = (done.stdout or done.stderr).strip()
        return told.splitlines()[0] if done.returncode == 0 and told else None


TOOLS = (
    Tool("ripgrep", "apt-get install ripgrep", ("rg", "--version")),
    Tool("b3sum", "apt-get install b3sum", ("b3sum", "--version")),
    Tool("xxhsum", "apt-get install xxhash", ("xxhsum", "--version")),
    Tool("git", "apt-get install git", ("git", "--version")),
    Tool("repomix", "npm install --prefix DIRECTORY repomix, then --npm DIRECTORY", ("repomix", "--version")),
    Tool("tiktoken", "pip install tiktoken"),
    Tool("semantic-text-splitter", "pip install semantic-text-splitter"),
    Tool("tree-sitter", "pip install tree-sitter"),
)


def repomix(npm: str | None) -> list[str]:
    """The command that starts repomix: of an npm directory, or of the PATH; empty where there is none."""
    found = shutil.which("repomix", path=os.path.join(npm, "node_modules", ".bin") if npm else None)
    return [found] if found is not None else []


def rows(arguments: argparse.Namespace, present: set[str], scratch: Path) -> Iterator[Row | str]:
    """What is measured; or, as text, what is not for want of an argument."""
    if "ripgrep" in present:
        yield from _listing_rows(arguments.tree)
    yield from digest_rows(arguments.tree, scratch)
    if "git" in present:
        yield index_row(arguments.git, scratch) if arguments.git else "git status: give --git, a clean checkout of TREE"
    part = arguments.part
    if part is None:
        yield "repomix, tiktoken, semantic-text-splitter, tree-sitter: give --part, a part of TREE or all of it"
        return
    if "tiktoken" in present or "tree-sitter" in present:
        copy = scratch / "part"
        copy_part(part, copy)
    if "tiktoken" in present:
        options = [*EVERYTHING, "--no-index"]
        yield Row(
            "exact tokens of a part, all processors",
            Side("exosuit scan", [EXOSUIT, "scan", str(copy), *options, "--json"]),
            _inside("tiktoken", str(copy)),
            work=scan_work(str(copy), *options),
        )
    if "tree-sitter" in present:
        options = ["--boundaries", "ast", "--workers", "1", "--max-tokens", CAP, "--no-text"]
        ours = [EXOSUIT, "chunk", str(copy), *EVERYTHING, *options, "-o", os.devnull]
        yield Row(
            "syntax trees of a part, exosuit cuts and counts too",
            Side("exosuit chunk --boundaries ast --workers 1", ours),
            _inside("tree-sitter", str(copy)),
            work={"files": sum(len(names) for _, _, names in os.walk(copy)), "bytes": tree_bytes(str(copy))},
        )
    if "semantic-text-splitter" in present:
        for boundaries in ("ast", "structure"):
            yield peer_row("semantic-text-splitter", part, boundaries, scratch, encoding=ENCODING, cap=CAP)
    if "repomix" in present:
        yield repomix_row(repomix(arguments.npm), arguments.repomix_tree or part, scratch)


def _listing_rows(tree: str) -> Iterator[Row | str]:
    threads = f"-j{len(os.sched_getaffinity(0))}"
    own = ("--no-ignore-dot", "--no-ignore-exclude", "--no-ignore-global", "--no-require-git")
    for name, walk, options in (
        ("list all files", "walk", ("-uu",)),
        ("list by ignore rules", "walk-rules", ("--hidden", *own)),
    ):
        files = work(walk, tree)["files"]
        if not files:
            yield f"{name}: the rules of TREE hide every file"
            continue
        command = ["rg", "--files", threads, *options, "--glob", "!.git", tree]
        label = f"rg --files {threads} {options[0]}"
        yield Row(name, _inside(walk, tree, "exosuit's walk"), Side(label, command), work={"files": files})


def _inside(name: str, tree: str, label: str | None = None) -> Side:
    return Side(label or f"{name}, one Python process", [sys.executable, INSIDE, name, tree])


def did(side: Side) -> dict[str, int]:
    """What one more run of a tool says that it did: of a list, its lines as files; nothing where it does not tell."""
    program = side.command[0]
    if program in ("rg", "xargs"):
        return {"files": side.run(keep=False).count(b"\n")}
    if program == sys.executable:
        told = json.loads(side.run(keep=False))
        return {key: told[key] for key in ("files", "bytes", "tokens") if key in told}
    return {}


def result_of(row: Row, runs: int) -> dict[str, Any]:
    """A row measured, with its work in one form, and where the tool's differs."""
    assert row.b is not None
    found = row.measure(runs)
    told: dict[str, Any] = row.work
    told = told.get("statistics", {}).get("totals", {}) | told
    ours = {key: told.get(key) for key in ("files", "bytes", "tokens")}
    theirs = did(row.b)
    found["work"] = {**ours, "page_cache": "warm", "index": "unchanged" if "index" in row.name else None}
    found["b_work"] = theirs
    found["differs"] = {key: value for key, value in theirs.items() if ours[key] not in (None, value)}
    return found


def table(results: Sequence[dict[str, Any]], *, markdown: bool) -> str:
    """The results side by side."""
    lines = [("work", "files", "MB", "exosuit", "beside it", "A / B")]
    for found in results:
        a, b, work = found["a"], found["b"], found["work"]
        size = "-" if work["bytes"] is None else f"{work['bytes'] / 1e6:,.1f}"
        note = "".join(f" (its {key}: {value:,})" for key, value in found["differs"].items())
        ratio = f"{found['ratio']:.3f} ({found['ratio_min']:.3f} to {found['ratio_max']:.3f})"
        lines.append(
            (found["name"], f"{work['files']:,}", size, _seconds(a), f"{b['label']}: {_seconds(b)}{note}", ratio)
        )
    if markdown:
        rule = "|---|---:|---:|---|---|---|"
        first, *rest = (f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines)
        return "\n".join((first, rule, *rest))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)


def _seconds(side: dict[str, Any]) -> str:
    return f"{side['median_s']:.3f} s ({side['min_s']:.3f} to {side['max_s']:.3f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--part", help="what the tools that take long read")
    parser.add_argument("--git", help="a clean git checkout of the tree")
    parser.add_argument("--npm", metavar="DIRECTORY", help="where npm has installed repomix")
    parser.add_argument("--repomix-tree", metavar="TREE", help="what repomix packs, where it is not the part")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", help="measure only rows whose name or tool holds this")
    parser.add_argument("--output", metavar="FILE.json", help="write the figures as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    arguments = parser.parse_args()
    versions = {tool.name: tool.version(arguments.npm) for tool in TOOLS}
    results, notes = [], []
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        os.environ["PYTHONPYCACHEPREFIX"] = os.path.join(scratch, "compiled")
        for row in rows(arguments, {name for name, version in versions.items() if version}, Path(scratch)):
            if isinstance(row, str):
                notes.append(row)
            elif row.b is not None and (not arguments.only or arguments.only in f"{row.name} {row.b.label}"):
                print(f"{row.name}: {row.a.label} and {row.b.label}", file=sys.stderr, flush=True)
                results.append(result_of(row, arguments.runs))
    absent = {tool.name: tool.installs for tool in TOOLS if versions[tool.name] is None}
    print(table(results, markdown=arguments.markdown))
    if absent or notes:
        print()
    for name, installs in absent.items():
        print(f"absent: {name} ({installs})")
    for note in notes:
        print(f"not measured: {note}")
    if arguments.output:
        document = {
            "schema": "exosuit.bench_peers/1",
            "version": subprocess.run([EXOSUIT, "--version"], stdout=subprocess.PIPE, check=True)
            .stdout.decode()
            .strip(),
            "python": platform.python_version(),
            "machine": machine(),
            "tools": versions,
            "absent": absent,
            "not_measured": notes,
            "tree": Path(arguments.tree).resolve().name,
            "part": Path(arguments.part).resolve().name if arguments.part else None,
            "runs": arguments.runs,
            "rows": results,
        }
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
