"""Write the reference figures of the score anew, from a run on the machine that shall be the reference.

    exosuit bench --synthetic files=10000,size=4k,seed=1 --suite all --json > RUN.json
    python scripts/export_reference.py RUN.json [FILE]

FILE is by default the packaged `exosuit_cli/measure/reference.json`. A run that lacks a part of the score is refused.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from exosuit_cli.measure.score import REFERENCE_PATH, REFERENCE_SCHEMA, WEIGHTS


def reference_of(run: dict[str, Any]) -> dict[str, Any]:
    """The reference of a document of `bench --json`; raises ValueError if a part of the score is not in it."""
    suites = {suite["suite"]: suite for suite in run["suites"] if suite["verdict"] != "invalid" and suite["block"]}
    figures = []
    for suite, metric in WEIGHTS:
        rows = suites[suite]["block"]["metrics"] if suite in suites else []
        found = next((row["candidate"] for row in rows if row["metric"] == metric), None)
        if found is None or run["partial"] is not None or run["corpus"]["synthetic"] is None:
            raise ValueError(f"no whole run on a synthetic corpus: {metric} of suite {suite} is missing or cut short")
        figures.append({"suite": suite, "metric": metric, "figure": found["median"]})
    kept = ("architecture", "kernel", "memory_bytes", "processor", "processors", "python", "system")
    return {
        "schema": REFERENCE_SCHEMA,
        "measured_at": run["started_at"],
        "exosuit_version": run["exosuit_version"],
        "bench_version": run["bench_version"],
        "machine": {name: run["machine"][name] for name in kept},
        "corpus": run["corpus"]["synthetic"],
        "cache": run["cache"]["mode"],
        "work": {name: suites[name]["candidate"]["work"] for name in dict.fromkeys(suite for suite, _ in WEIGHTS)},
        "figures": figures,
    }


def main(arguments: list[str]) -> int:
    try:
        reference = reference_of(json.loads(Path(arguments[0]).read_bytes()))
    except ValueError as error:
        print(f"{arguments[0]}: {error}", file=sys.stderr)
        return 1
    path = Path(arguments[1] if len(arguments) > 1 else REFERENCE_PATH)
    path.write_text(json.dumps(reference, indent=1) + "\n")
    machine = reference["machine"]
    print(f"{path.name}: {machine['processors']} x {machine['processor']}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
