"""Measure `exosuit chunk`: speed, against public chunkers too, and how many chunk ids an edit leaves as they were.

    python scripts/bench_chunk.py TREE [--part TREE] [--langchain-part TREE] [--cap 512] [--runs 5] [--output FILE]
    python scripts/bench_chunk.py --peer semantic-text-splitter TREE

Every run is a whole process, start included. A row is measured as A B A B ... after one warm-up of each, so a drift of
the machine meets both sides; quoted are medians and the ratio of medians, with the smallest and largest ratio of
neighbouring runs. The page cache is warm.

The public chunkers cut `--part` in a loop in one Python process, which is what --peer runs, at the same cap, with the
same exact counter; exosuit then runs with one worker. Both read one copy of the part that holds only UTF-8 files of the
languages that all of them know, of at most 1 MB, since some take quadratic time.

The stability rows insert one comment line at a random place of random files, one file at a time, and count the ids that
are still there.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench_scan import EVERYTHING
from chunk_methods import PACKAGES, Corpus, find_files, load_method
from paired_runs import EXOSUIT, Row, Side, machine, version_of

from exosuit_cli.chunk import ChunkOptions, chunk_text

if TYPE_CHECKING:
    from collections.abc import Iterator

PEERS = ("semantic-text-splitter", "langchain")
LARGEST = 1_000_000
COMMENTS = {"Python": "#", "Ruby": "#", "Markdown": ""}
WANTED_RATE = 100e6
WANTED_RATIO = 1 / 1.5


def run_peer(name: str, tree: str, encoding: str, cap: int) -> None:
    """Cut every file of a tree, in this process, and print how much that was."""
    cut = load_method(name, encoding, cap)
    if cut is None:
        sys.exit(f"{name} is not installed")
    files = size = chunks = 0
    for language, path in find_files(tree, LARGEST, Corpus(tree)):
        data = Path(path).read_bytes()
        files, size, chunks = files + 1, size + len(data), chunks + len(cut(language, data.decode()).starts)
    print(json.dumps({"files": files, "bytes": size, "chunks": chunks}))


def copy_part(tree: str, target: Path) -> None:
    """Copy what every chunker can cut."""
    for number, (_, path) in enumerate(find_files(tree, LARGEST, Corpus(tree))):
        data = Path(path).read_bytes()
        try:
            data.decode()
        except UnicodeDecodeError:
            continue
        folder = target / str(number)
        folder.mkdir(parents=True)
        (folder / Path(path).name).write_bytes(data)


def rows(arguments: argparse.Namespace, scratch: Path) -> Iterator[Row]:
    """What is measured; the `work` of a row has the bytes that its rate is about."""
    cap, encoding = str(arguments.cap), arguments.encoding

    def chunk(tree: str, *options: str) -> list[str]:
        return [EXOSUIT, "chunk", tree, *EVERYTHING, "--max-tokens", cap, "--encoding", encoding, *options]

    for name, output, options in (
        ("no text", os.devnull, ["--no-text"]),
        ("with text", str(scratch / "chunks.jsonl"), []),
    ):
        if arguments.only and arguments.only not in name:
            continue
        command = chunk(arguments.tree, *options, "-o", output, "--stats", "--json")
        work = {"bytes": tree_bytes(arguments.tree), "page_cache": "warm", **_statistics(command)}
        wanted = tree_bytes(arguments.tree) / WANTED_RATE
        yield Row(name, Side(" ".join(["exosuit chunk", *options]), command), None, target_seconds=wanted, work=work)
    parts = {"semantic-text-splitter": arguments.part, "langchain": arguments.langchain_part or arguments.part}
    for peer, part in parts.items():
        for boundaries in ("ast", "structure"):
            if part and (not arguments.only or arguments.only in _name(boundaries, peer)):
                yield peer_row(peer, part, boundaries, scratch, encoding=encoding, cap=cap)


def peer_row(peer: str, part: str, boundaries: str, scratch: Path, *, encoding: str, cap: str) -> Row:
    """A copy of the part, made once below `scratch`, cut by one worker and by a public chunker in one process."""
    copy = scratch / peer
    if not copy.exists():
        copy_part(part, copy)
    asked = ["--boundaries", boundaries, "--workers", "1", "--max-tokens", cap, "--encoding", encoding]
    ours = [EXOSUIT, "chunk", str(copy), *EVERYTHING, *asked, "-o", str(scratch / "part.jsonl")]
    theirs = [sys.executable, __file__, str(copy), "--peer", peer, "--cap", cap, "--encoding", encoding]
    return Row(
        _name(boundaries, peer),
        Side(f"exosuit chunk --boundaries {boundaries} --workers 1", ours),
        Side(peer, theirs),
        target_ratio=WANTED_RATIO,
        work={
            "bytes": tree_bytes(str(copy)),
            "part": Path(part).resolve().name,
            "page_cache": "warm",
            **_statistics([*ours, "--stats", "--json"]),
        },
    )


def _name(boundaries: str, peer: str) -> str:
    return f"{boundaries}, one worker, against {peer}"


def tree_bytes(tree: str) -> int:
    """The bytes of all files below a folder."""
    return sum(os.lstat(os.path.join(folder, name)).st_size for folder, _, names in os.walk(tree) for name in names)


def _statistics(command: list[str]) -> dict[str, Any]:
    document = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    document.pop("base")  # a path of the machine
    return {"statistics": document, "peak_pss_bytes": document["memory"]["ram"]["peak_bytes"]}


def measure_stability(tree: str, boundaries: str, options: argparse.Namespace) -> dict[str, Any]:
    """The share of chunk ids that one inserted line leaves, over `options.stability` files of a tree."""
    number, seed = options.stability
    draw = random.Random(seed)
    files = find_files(tree, LARGEST, Corpus(tree))
    cut = ChunkOptions(max_tokens=options.cap, encoding=options.encoding, boundaries=boundaries)
    shares, lost, total, fallbacks = [], [], 0, 0
    for language, path in draw.sample(files, min(number, len(files))):
        lines = Path(path).read_bytes().splitlines(keepends=True)
        chunks = chunk_text(b"".join(lines), language=language, options=cut)
        before = Counter(map(bytes, chunks.ids))
        fallbacks += chunks.fallback is not None
        place = draw.randrange(len(lines) + 1)
        lines.insert(place, _inserted(language, lines[place] if place < len(lines) else b""))
        edited = chunk_text(b"".join(lines), language=language, options=cut)
        kept = (before & Counter(map(bytes, edited.ids))).total()
        total += before.total()
        lost.append(before.total() - kept)
        if before.total() > 1:
            shares.append(kept / before.total())
    return {
        "boundaries": boundaries,
        "files": len(lost),
        "files_of_several_chunks": len(shares),
        "files_cut_by_structure_instead": fallbacks,
        "chunks": total,
        "kept_share_of_all_chunks": 1 - sum(lost) / total if total else None,
        "kept_share_mean": statistics.mean(shares) if shares else None,
        "kept_share_median": statistics.median(shares) if shares else None,
        "lost_chunks_mean": statistics.mean(lost) if lost else None,
        "lost_chunks_max": max(lost, default=None),
        "seed": seed,
    }


def _inserted(language: str, following: bytes) -> bytes:
    indent = following[: len(following) - len(following.lstrip())].strip(b"\r\n")
    return indent + f"{COMMENTS.get(language, '//')} one line more than before\n".encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--peer", choices=PEERS, help="only cut the tree by this package, in a loop; prints no figures")
    parser.add_argument("--part", "--ast-tree", help="the part of the tree that semantic-text-splitter cuts")
    parser.add_argument("--langchain-part", help="the part that langchain cuts, where it is another")
    parser.add_argument("--cap", type=int, default=512, help="the most tokens of a chunk")
    parser.add_argument("--encoding", default="o200k_base")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--stability", type=int, nargs=2, default=(200, 1), metavar=("FILES", "SEED"))
    parser.add_argument("--only", help="measure only rows whose name holds this")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    if arguments.peer:
        run_peer(arguments.peer, arguments.tree, arguments.encoding, arguments.cap)
        return
    results, stability = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for row in rows(arguments, Path(scratch)):
            results.append(row.measure(arguments.runs))
            print(_line(results[-1]), flush=True)
    if not arguments.only or arguments.only in "stability":
        for boundaries in ("structure", "ast", "lines"):
            stability.append(measure_stability(arguments.tree, boundaries, arguments))
            print("stability", json.dumps(stability[-1]), flush=True)
    if arguments.output:
        document = {
            "schema": "exosuit.bench_chunk/1",
            "versions": {package: version_of(package) for package in PACKAGES},
            "python": platform.python_version(),
            "machine": machine(),
            "tree": Path(arguments.tree).resolve().name,
            "cap": arguments.cap,
            "encoding": arguments.encoding,
            "page_cache": "warm",
            "rows": results,
            "stability": stability,
        }
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")


def _line(result: dict[str, Any]) -> str:
    a, b, size = result["a"], result.get("b"), result["work"]["bytes"]
    text = f"{result['name']:<52} {_rate(a, size)}"
    if b is not None:
        text += f"  {b['label']} {_rate(b, size)}"
        text += (
            f"  {1 / result['ratio']:.2f} times as fast ({1 / result['ratio_max']:.2f}-{1 / result['ratio_min']:.2f})"
        )
        return text + f"  wanted >= {1 / result['target_ratio']:.1f}"
    peak = result["work"]["peak_pss_bytes"]
    return text + f"  peak PSS {peak / 1e6:.0f} MB  wanted >= {size / result['target_seconds'] / 1e6:.0f} MB/s"


def _rate(side: dict[str, Any], size: int) -> str:
    return (
        f"{side['median_s']:.3f} s ({side['min_s']:.3f}-{side['max_s']:.3f}) {size / side['median_s'] / 1e6:.1f} MB/s"
    )


if __name__ == "__main__":
    main()
