"""`exosuit pack` as it is typed: what it writes, where, and what it refuses."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]


def _schema(name: str) -> Draft202012Validator:
    found = json.loads((resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src").mkdir(parents=True)
    (root / "README.md").write_text("# A tree\n\nWhat it is.\n")
    (root / "src/a.py").write_text("def f(x):\n" + "    x += 1\n" * 200 + "    return x\n")
    (root / "src/key.py").write_text('KEY = "AKIA' + 'QWERTYUIOPASDFGH"\n')
    (root / "b.bin").write_bytes(b"\0" * 9)
    (root / ".gitignore").write_text("*.log\n")
    (root / "x.log").write_text("ignored\n")
    return root


def test_a_report_agrees_with_the_pack_and_with_a_scan(run: RunExosuit, tree: Path) -> None:
    out = tree / "pack.json"  # inside the tree: it is not packed, neither now nor the next time
    done = run("pack", tree, "--json", "--format", "json", "-o", out)
    assert done.returncode == 0, done.stderr.decode()
    document = json.loads(done.stdout)
    _schema("pack").validate(document)
    text = out.read_bytes()
    _schema("pack_text").validate(json.loads(text))
    assert document["tokens"] == load_counter("o200k_base", "toktok").count(text)
    assert document["bytes"] == len(text)
    assert document["parts"] == [{"path": str(out), "tokens": document["tokens"], "bytes": len(text)}]
    assert [secret["line"] for secret in document["secrets"]] == [1]
    assert document["binary"] == [{"path": "b.bin"}]
    assert {skip["path"]: skip["skipped"] for skip in document["skips"]}["x.log"] == "ignored"
    scanned: dict[str, Any] = json.loads(run("scan", tree, "--json", "--no-index").stdout)
    assert document["totals"] == scanned["totals"]
    assert document["tree_digest"] == scanned["tree_digest"]
    assert document["ledger"]["ingested"] == scanned["ledger"]["ingested"]
    shown, told = (run(*words).stdout.decode() for words in (("pack", tree, "--stats"), ("scan", tree, "--no-index")))
    ledgers = [re.findall(r"^ledger .*$", text, re.MULTILINE) for text in (shown, told)]
    assert ledgers[0] == ledgers[1] != []
    assert sum(file["file_tokens"] for file in document["files"]) == scanned["totals"]["tokens"]
    assert run("pack", tree, "--format", "json", "-o", out, "-q", "--workers", "2").returncode == 0
    assert out.read_bytes() == text
    # An output that an earlier run left under another name is known by its mark.
    out.rename(tree / "old.json")
    assert run("pack", tree, "--format", "json").stdout == text


def test_a_person_reads_what_was_done(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    done = run("pack", tree, "--budget", "250", "-o", tmp_path / "p.xml", "--strict")
    shown = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert " of 250 tokens (o200k_base)" in shown
    assert "3 more" not in shown
    assert "secrets     1 secret redacted\n            src/key.py:1: AWS Access Key" in shown
    detailed = run("pack", tree, "--stats").stdout.decode()
    assert "largest in the pack" in detailed
    assert "ledger " in detailed


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--budget", "5"], 2, "does not hold what stands around the files; give "),
        (["--files", "--outline"], 2, "--files and --outline contradict each other"),
        (["--secrets", "fail"], 3, "1 secret: src/key.py:1 (AWS Access Key)"),
        (["--split", "500"], 2, "say how they are called with -o"),
        (["-o", "missing/pack.xml"], 2, "missing/pack.xml"),
        (["--instructions", "missing"], 2, "cannot read the instructions 'missing'"),
        (["--template", "bad.j2", "--format", "xml"], 2, "--template is a form of its own"),
        (["--copy"], 6, "there is no clipboard here"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused(run: RunExosuit, tree: Path, options: list[str], code: int, words: str) -> None:
    environment = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
    done = run("pack", ".", *options, cwd=tree, env=environment)
    assert (done.returncode, done.stdout) == (code, b"")
    assert words in done.stderr.decode()
    assert done.stderr.count(b"\n") == 1
    assert sorted(os.listdir(tree)) == [".gitignore", "README.md", "b.bin", "src", "x.log"]


def test_a_query_packs_what_answers_it(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    out = tree / "pack.md"  # inside the tree: it answers nothing, neither now nor the next time
    asked = ("pack", tree, "--query", "what is the tree", "--budget", "300", "--format", "markdown")
    done = run(*asked, "--json", "-o", out)
    assert done.returncode == 0, done.stderr.decode()
    document = json.loads(done.stdout)
    _schema("query_pack").validate(document)
    text = out.read_bytes()
    assert document["tokens"] == load_counter("o200k_base", "toktok").count(text) <= 300
    assert document["files"][0]["path"] == "README.md"
    assert b"## README.md\n\n```markdown\n# A tree\n" in text
    assert run(*asked).stdout == text
    shown = run(*asked, "-o", tmp_path / "p.md").stdout.decode()
    assert " of 300 tokens (o200k_base)" in shown
    assert "answers     1 of 1 that were found" in shown
    refused = run("pack", tree, "--query", "tree", "--stdin0", "--split", "500", "-o", out)
    assert (refused.returncode, refused.stdout, refused.stderr.count(b"\n")) == (2, b"", 1)
    assert out.read_bytes() == text


def test_parts_have_numbers(run: RunExosuit, tree: Path) -> None:
    done = run("pack", tree, "--split", "600", "-o", tree / "p.xml", "--json")  # none of them is packed itself
    assert done.returncode == 0, done.stderr.decode()
    document = json.loads(done.stdout)
    paths = [part["path"] for part in document["parts"]]
    assert paths == [f"{tree}/p-{number}.xml" for number in range(1, len(paths) + 1)]
    assert len(paths) > 1
    assert len(document["files"]) == 4
    counter = load_counter("o200k_base", "toktok")
    with_counts = [(part["path"], part["tokens"]) for part in document["parts"]]
    for path, tokens in with_counts:
        with open(path, "rb") as file:
            assert counter.count(file.read()) == tokens <= 600


def test_an_interrupted_run_leaves_no_half_file(tree: Path, exosuit: Path, tmp_path: Path) -> None:
    (tmp_path / "p.xml").write_text("older\n")
    for number in range(1_000):
        (tree / f"{number}.py").write_text(f"x = {number}\n" * 500)
    process = subprocess.Popen(
        [exosuit, "pack", tree, "-o", tmp_path / "p.xml"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    while not any(name.startswith(".exosuit-") for name in os.listdir(tmp_path)) and process.poll() is None:
        pass
    process.terminate()
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 143, errors.decode()
    assert (tmp_path / "p.xml").read_text() == "older\n"
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".exosuit-")]


def test_nothing_acts_on_a_terminal(warm_exosuit: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("plain \x1b[31mred\x1b[0m é\n")
    ours, theirs = pty.openpty()
    with subprocess.Popen([warm_exosuit, "pack", tmp_path], stdout=theirs, stderr=subprocess.DEVNULL) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 65536):
                shown += piece
        except OSError:  # Linux says so when the other end is closed
            os.close(ours)
    assert process.returncode == 0
    assert b"\x1b[31m" not in shown
    assert "plain \\x1b[31mred\\x1b[0m é" in shown.decode()
