"""Parse hostile texts with each grammar of `chunk --boundaries ast`, and record which grammars hold.

    python scripts/fuzz_grammars.py [GRAMMAR...] [--seconds 120] [--seed 1] [--output FILE.json]

Texts are parsed as `chunk` does it, in the process that parses, within its bounds. Two kinds take turns:

    soup      up to 300 words at random: tokens of the grammar, names, blanks, line ends, characters of several bytes
    repeated  one or two tokens, and a line end or not, again and again, up to 9,000 bytes

A grammar holds where no soup ends the process or takes too long. Repeated openers may: some parsers take memory or
time by the square of them, which is what the bounds are for. The record has how many did, and the worst.

The output is written after each grammar. A grammar that it has already, of the same version and for as long, is left
out, so that a run which was ended goes on. Without `--output` it is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from exosuit_cli.syntax.grammars import GRAMMARS, load_grammar, package_of
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.process import in_process
from exosuit_cli.syntax.tree import parse_with

WORDS = ["name", "x", "1", "'a'", '"b"', " ", " ", "\n", "\n    ", "\t", "漢字", "\U0001f600", "# c\n", "// c\n", "\\"]
MOST_WORDS, MOST_BYTES, MOST_REPEATS = 300, 9_000, 3_000


def tokens(name: str) -> list[str]:
    """The tokens that a grammar names literally."""
    language = load_grammar(name).language
    kinds = (language.node_kind_for_id(number) for number in range(language.node_kind_count))
    named = {number for number in range(language.node_kind_count) if language.node_kind_is_named(number)}
    return sorted({kind for number, kind in enumerate(kinds) if kind and number not in named and kind.isprintable()})


def parses(data: bytes, name: str) -> bool:
    """Parse a text with a grammar by its name: what the other process does. Raises NoSyntax."""
    parse_with(data, load_grammar(name))
    return True


def attempt(data: bytes, name: str) -> tuple[str, float]:
    """Why a text has no tree, "" where it has one, and the seconds that it took."""
    began = time.perf_counter()
    try:
        in_process(len(data), parses, data, name)
    except NoSyntax as refusal:
        return str(refusal), time.perf_counter() - began
    return "", time.perf_counter() - began


def fuzz(name: str, seconds: float, seed: int) -> dict[str, Any]:
    """The record of one grammar."""
    rng = random.Random(f"{seed} {name}")
    known = tokens(name)
    openers = [token for token in known if not token.isalnum()] or known
    units = [unit for token in known for unit in (token, f"{token}\n", f"{token} ")]
    rng.shuffle(units)
    record: dict[str, Any] = {
        "version": version(package_of(name)),
        "seconds": seconds,
        "soup": {"texts": 0, "refused": {}},
        "repeated": {"texts": 0, "refused": {}, "slowest_s": 0.0, "slowest": ""},
    }
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        words = (rng.choice(known if rng.random() < 0.7 else WORDS) for _ in range(MOST_WORDS))
        soup = "".join(word + rng.choice(["", " "]) for word in words)
        soup = soup[: rng.randrange(1, len(soup) + 1)]
        note(record["soup"], *attempt(soup.encode(), name), soup)
        between = rng.choice(["", " ", "\n"])
        unit = units.pop() if units else rng.choice(openers) + between + rng.choice(openers) + rng.choice(["", "\n"])
        size = len(unit.encode())
        note(record["repeated"], *attempt(unit.encode() * min(MOST_REPEATS, MOST_BYTES // size + 1), name), unit)
    record["holds"] = not set(record["soup"]["refused"]) - {"nested too deep"}
    return record


def note(record: dict[str, Any], reason: str, seconds: float, text: str) -> None:
    """Add one text to a record."""
    record["texts"] += 1
    if reason:
        seen = record["refused"].setdefault(reason, {"texts": 0, "first": text[:200]})
        seen["texts"] += 1
    if seconds > record.get("slowest_s", seconds):
        record["slowest_s"], record["slowest"] = round(seconds, 2), text[:80]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grammars", nargs="*", default=sorted(set(GRAMMARS.values())))
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    found: dict[str, Any] = {}
    if options.output is not None and options.output.exists():
        found = json.loads(options.output.read_text())["grammars"]
    for name in options.grammars:
        before = found.get(name)
        if before and before["version"] == version(package_of(name)) and before["seconds"] >= options.seconds:
            continue
        found[name] = fuzz(name, options.seconds, options.seed)
        text = json.dumps({"tree_sitter": version("tree-sitter"), "grammars": dict(sorted(found.items()))}, indent=1)
        if options.output is not None:
            options.output.write_text(text + "\n")
        print(name, "holds" if found[name]["holds"] else "does not hold", flush=True)
    if options.output is None:
        print(text)


if __name__ == "__main__":
    import fuzz_grammars  # the process that parses finds `parses` by the name of its module

    fuzz_grammars.main()
