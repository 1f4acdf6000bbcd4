"""The comparison with public tools: whatever is installed is measured, and what is not is no failure."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def test_tools_that_are_absent_are_listed(project: Path, tmp_path: Path) -> None:
    """With a PATH that has only what makes lists: the Python packages are measured, on the same tokens as exosuit."""
    tree, programs, output = tmp_path / "tree", tmp_path / "bin", tmp_path / "peers.json"
    tree.mkdir()
    programs.mkdir()
    for number in range(3):
        (tree / f"{number}.py").write_text(f"def f{number}(a, b):\n    return a + {number}\n" * 50)
    for name in ("find", "xargs"):
        found = shutil.which(name)
        assert found is not None
        (programs / name).symlink_to(found)
    script = project / "scripts" / "bench_peers.py"
    done = subprocess.run(
        [sys.executable, script, tree, "--part", tree, "--runs", "1", "--output", output, "--markdown"],
        env=os.environ | {"PATH": str(programs)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    document = json.loads(output.read_text())
    assert document["schema"] == "exosuit.bench_peers/1"
    assert {"ripgrep", "b3sum", "xxhsum", "git", "repomix"} <= document["absent"].keys()
    assert "absent: b3sum (apt-get install b3sum)" in done.stdout
    rows = {row["name"]: row for row in document["rows"]}
    tokens = rows["exact tokens of a part, all processors"]
    assert tokens["b_work"]["tokens"] == tokens["work"]["tokens"] > 0
    for row in rows.values():
        assert row["work"]["files"] == 3
        assert row["work"]["page_cache"] == "warm"
        assert row["differs"] == {}
        assert 0 < row["ratio_min"] <= row["ratio"] <= row["ratio_max"]
        assert f"| {row['name']} | 3 |" in done.stdout
