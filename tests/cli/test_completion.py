"""A real bash completes commands, subcommands, options and values."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any

import pytest

from exosuit_cli.chunk.options import BOUNDARIES
from exosuit_cli.cli.app import _PLACES
from exosuit_cli.commands.manual import list_topics
from exosuit_cli.commands.query_request import KINDS
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.suites import SUITES
from exosuit_cli.model.digests import file_digests
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.chunk.formats import CHUNK_FORMATS
from exosuit_cli.report.scan.manifest import MANIFESTS

COMMANDS = set(_PLACES)
SCRIPT = """
eval "$(_EXOSUIT_COMPLETE=source_bash exosuit)"
complete -p exosuit >&2
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_exosuit_completion exosuit
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(exosuit: str, *words: str) -> set[str]:
    """What bash offers for the last word."""
    environ = os.environ | {"PATH": f"{os.path.dirname(exosuit)}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", SCRIPT, "bash", "exosuit", *words], capture_output=True, env=environ, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"-o default" in done.stderr, "where nothing is offered, bash completes names of files"
    return set(done.stdout.decode().split())


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([""], COMMANDS),
        (["s"], {"scan"}),
        (["bench", ""], {"run", "history", "compare", "report"}),
        (["config", ""], {"show"}),
        (["scan", "--enc"], {"--encoding"}),
        (["bench", "--ag"], {"--against"}),
        (["bench", "history", "--me"], {"--metric"}),
        (["scan", ""], set()),
        (["scan", ".", "--hash", ""], set(file_digests())),
        (["scan", "--device", ""], {"auto", "cpu", "cuda", "cuda:0", "cuda:0,1"}),
        (["chunk", "--encoding", "cl"], {"cl100k_base"}),
        (["scan", "--encoding", "o"], {"o200k_base", "o1", "o3", "o4-mini"}),
        (["scan", ".", "--format", ""], {suffix[1:] for suffix in MANIFESTS}),
        (["chunk", ".", "--format", ""], set(CHUNK_FORMATS)),
        (["chunk", "--boundaries", ""], set(BOUNDARIES)),
        (["bench", ".", "--suite", ""], {*SUITES, "all"}),
        (["bench", ".", "--gate", "peak_m"], {"peak_memory:"}),
        (["bench", ".", "--export", ""], {f"{name}=" for name in EXPORTS}),
        (["bench", "history", "--metric", ""], set(METRICS)),
        (["query", "words", "--kind", ""], set(KINDS)),
        (["query", "words", "--language", "Haskel"], {"Haskell"}),
        (["manual", ""], {topic.name for topic in list_topics()}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(len(value)),
)
def test_bash_completes(warm_exosuit: str, words: list[str], expected: set[str]) -> None:
    assert completed(warm_exosuit, *words) == expected


def test_every_encoding_is_offered(warm_exosuit: str) -> None:
    assert completed(warm_exosuit, "scan", "--encoding", "") > set(ENCODINGS)


def test_the_metrics_are_in_the_help_of_bench(run: Any) -> None:
    words = run("bench", "--help", env=os.environ | {"COLUMNS": "300"}).stdout.decode()
    shown = run("bench", "run", "--help", env=os.environ | {"COLUMNS": "300"}).stdout.decode()
    assert all(name in shown for name in METRICS)
    assert "Usage: exosuit bench" in words
