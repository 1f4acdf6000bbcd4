"""Repositories for the tests, made by git itself."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = {
    "user.name": "A", "user.email": "a@example.org", "init.defaultBranch": "main", "core.autocrlf": "false",
    "protocol.file.allow": "always", "commit.gpgsign": "false", "gc.auto": "0",
}  # fmt: skip


def git(where: Path, *arguments: str, at: int | None = None) -> str:
    """Run git in `where`, by no configuration but its own, at a time in seconds; what it printed."""
    options = [part for name, value in _CONFIG.items() for part in ("-c", f"{name}={value}")]
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "", "GIT_CONFIG_NOSYSTEM": "1"}
    if at is not None:
        environment |= {"GIT_AUTHOR_DATE": f"@{at} +0000", "GIT_COMMITTER_DATE": f"@{at} +0000"}
    done = subprocess.run(["git", *options, *arguments], cwd=where, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")


def commit_files(where: Path, files: dict[str, bytes | None], message: str, at: int) -> str:
    """Write the files (None: delete one), commit all; the commit's name."""
    for name, content in files.items():
        path = where / name
        if content is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    git(where, "add", "-A", "-f")
    git(where, "commit", "-q", "--allow-empty", "-m", message, at=at)
    return git(where, "rev-parse", "HEAD")
