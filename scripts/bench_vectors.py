"""Time a question to many vectors: all of them compared, or those in the clusters that are near to it.

usage: bench_vectors.py [--vectors N] [--dimensions N] [--codec NAME] [--questions N]

The vectors lie around 3,000 directions, of which few have many, as in a repository. Printed as JSON: milliseconds of
processor time and of wall a question, the share of the ten nearest that the clusters hold, and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the command has it

import numpy as np

from exosuit_cli.search.vectors.matrix import arranged, open_matrix, write_matrix
from exosuit_cli.search.vectors.protocol import unit_rows
from exosuit_cli.search.vectors.rows import CODECS, VectorMeta, pack_vectors

SEED = 0
DIRECTIONS = 3000
PART = 50_000
TOP = 10
SHARES = (1.0, 0.2, 0.1, 0.05, 0.02, 0.01)


def made(count: int, width: int, codec: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Packed values, scales and errors."""
    rng = np.random.default_rng(SEED)
    around = unit_rows(rng.standard_normal((DIRECTIONS, width)))
    which = rng.zipf(1.3, count) % DIRECTIONS
    parts = []
    for start in range(0, count, PART):
        size = min(PART, count - start)
        parts.append(
            pack_vectors(
                unit_rows(around[which[start : start + size]] + unit_rows(rng.standard_normal((size, width)))), codec
            )
        )
    scales = [part.scales for part in parts if part.scales is not None]
    return (
        np.concatenate([part.values for part in parts]),
        np.concatenate(scales) if scales else np.zeros(0, np.float32),
        np.concatenate([part.errors for part in parts]),
    )


def memory() -> dict[str, int]:
    """Bytes of this process: `pss`, and of them what is its own and not of a file."""
    with open("/proc/self/smaps_rollup") as file:
        found = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in file if " kB" in line}
    return {"pss": found["Pss"], "anonymous": found["Anonymous"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--codec", choices=sorted(CODECS), default="int8")
    parser.add_argument("--questions", type=int, default=60)
    given = parser.parse_args()
    meta = VectorMeta("synthetic", "lsa", given.codec, given.dimensions, "bench")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "vectors.matrix")
        child = os.fork()  # what building takes is not what searching takes
        if not child:
            ids = np.random.default_rng(SEED).integers(0, 256, (given.vectors, 16), np.uint8)
            write_matrix(path, meta, arranged(ids, *made(given.vectors, given.dimensions, given.codec)))
            os._exit(0)
        started = time.perf_counter()
        assert os.waitpid(child, 0)[1] == 0
        building = time.perf_counter() - started
        before = memory()
        matrix = open_matrix(path, meta)
        assert matrix is not None
        rng = np.random.default_rng(SEED + 1)
        chosen = np.sort(rng.choice(len(matrix), given.questions, replace=False))
        questions = unit_rows(
            matrix.vectors(chosen) + 0.7 * unit_rows(rng.standard_normal((len(chosen), given.dimensions)))
        )
        nearest = [set(matrix.nearest(each, TOP)[0].tolist()) for each in questions]
        rows = []
        for share in SHARES:
            walls, cpus, held = [], [], 0
            for question, expected in zip(questions, nearest, strict=True):
                wall, cpu = time.perf_counter(), time.process_time()
                places, _ = matrix.nearest(question, TOP, share=share)
                walls.append(time.perf_counter() - wall)
                cpus.append(time.process_time() - cpu)
                held += len(expected & set(places.tolist()))
            rows.append(
                {
                    "share": share,
                    "wall_ms_p50": round(1e3 * float(np.median(walls)), 2),
                    "cpu_ms_p50": round(1e3 * float(np.median(cpus)), 2),
                    "recall_at_10": round(held / TOP / len(questions), 3),
                }
            )
        after = memory()
        print(
            json.dumps(
                {
                    "vectors": len(matrix), "dimensions": given.dimensions, "codec": given.codec,
                    "clusters": matrix.clusters, "file_bytes": os.path.getsize(path), "building_s": round(building, 1),
                    "processors": len(os.sched_getaffinity(0)), "seed": SEED, "before": before, "after": after,
                    "search": rows,
                },
                indent=1,
            )
        )  # fmt: skip


if __name__ == "__main__":
    main()
