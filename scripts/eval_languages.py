"""Compare the languages that a scan finds with linguist's samples: python scripts/eval_languages.py SAMPLES

SAMPLES is the folder `samples` of a checkout of github.com/github-linguist/linguist: SAMPLES/LANGUAGE/NAME, and
SAMPLES/LANGUAGE/filenames/NAME where the whole name decides. The share that is right goes to stdout, as JSON with
`--json`; `--wrong` lists what is not.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.ingest import scan
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.languages.table import LINGUIST_VERSION
from exosuit_cli.model.records import Kind

FOLDERS = {"Fstar": "F*", "ProC": "Pro*C"}
"""Languages whose folder has another name than they have."""


def compare(samples: Path) -> list[tuple[str, str, str]]:
    """(path, language of the folder, language found) for every text file below the folder."""
    options = ScanOptions(encoding=None, use_index=False, workers=1)
    options = replace(options, walk=replace(options.walk, ignore=False))
    result = scan([str(samples)], options)
    found = []
    for path, row in zip(result.paths, result.rows, strict=True):
        name = os.fsdecode(path)
        if row["kind"] == Kind.TEXT and row["size"]:
            folder = name.partition("/")[0]
            found.append((name, FOLDERS.get(folder, folder), LANGUAGES[row["language"]]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("samples", type=Path)
    parser.add_argument("--json", action="store_true", help="write the figures as JSON")
    parser.add_argument("--wrong", action="store_true", help="list the files that are wrong")
    chosen = parser.parse_args()
    compared = compare(chosen.samples)
    wrong = [each for each in compared if each[1] != each[2]]
    if chosen.wrong:
        for path, expected, found in wrong:
            print(f"{expected}\t{found or '-'}\t{path}")
    known = [each for each in compared if each[1] in LANGUAGES]
    figures = {
        "schema": "exosuit.eval_languages/1",
        "linguist": LINGUIST_VERSION,
        "samples": len(compared),
        "right": len(compared) - len(wrong),
        "share": round(1 - len(wrong) / len(compared), 4),
        "samples_of_known_languages": len(known),
        "share_of_known_languages": round(sum(each[1] == each[2] for each in known) / len(known), 4),
        "wrong_by_language": dict(sorted(Counter(expected for _, expected, _ in wrong).items())),
    }
    if chosen.json:
        print(json.dumps(figures, indent=1))
    else:
        print(f"{figures['right']:,} of {figures['samples']:,} right: {figures['share']:.2%}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
