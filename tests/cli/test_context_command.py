"""`exosuit context` as it is typed: its documents, its reports on any terminal, its errors, and its signals."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from hostile.harness import HANG, UNPRIVILEGED, family, kill_for_good, limited, wait_until
from jsonschema import Draft202012Validator
from trees import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]

FILES = {
    "a.py": b"def a():\n    return 1\n" * 30,
    "again.py": b"def a():\n    return 1\n" * 30,
    "b.md": b"# B\n\nSome words about it.\n",
    "bin": b"\0" * 20,
    "esc\x1b[31m[bold].txt": b"escaped \x1b[31mred\n",
    "bad\udcff.txt": b"not UTF-8\n",
}


def document_validator() -> Draft202012Validator:
    text = (resources.files("exosuit_cli.report") / "schemas" / "context.schema.json").read_text()
    found = json.loads(text)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


DOCUMENT = document_validator()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", FILES)
    return tmp_path / "tree"


def ok(done: subprocess.CompletedProcess[bytes]) -> bytes:
    assert (done.returncode, done.stderr) == (0, b""), done
    return done.stdout


def document(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(ok(done))
    DOCUMENT.validate(found)
    return found


def one_error(done: subprocess.CompletedProcess[bytes], code: int) -> str:
    assert done.returncode == code, done
    line = done.stderr.decode()
    assert line.startswith("exosuit: error: ")
    assert line.count("\n") == 1, line
    assert "\x1b" not in line
    return line


def database(tmp: Path | str | None = None) -> str:
    return os.path.join(str(tmp or os.environ["XDG_STATE_HOME"]), "exosuit", "contexts", "tree.db")


def test_every_document_is_what_its_schema_says(tree: Path, run: RunExosuit) -> None:
    assert document(run("context", "list", "--json"))["contexts"] == []
    loaded = document(run("context", "load", tree, "--json", "--max-tokens", "64"))
    assert loaded["loaded"][0]["loaded"] == len(FILES)
    shown = document(run("context", "show", "--json"))
    assert shown["context"] == loaded["context"]
    assert document(run("context", "show", "tree", "--json"))["context"] == loaded["context"]
    assert b" (cap 64)  " in ok(run("context", "load", tree)), "what the first load chose"
    assert document(run("context", "list", "--json"))["contexts"] == [shown["context"]]
    records = [json.loads(line) for line in ok(run("context", "export")).splitlines()]
    got = document(run("context", "get", records[0]["id"], "--json"))
    assert got["text"] == records[0]["text"]
    assert {place["path"] for place in got["places"]} == {"a.py", "again.py"}
    checked = document(run("context", "check", "--json"))
    assert (checked["files"], checked["damages"]) == (len(FILES), [])
    assert document(run("context", "repair", "--json"))["repaired_files"] == 0
    again = document(run("context", "load", "--json"))
    assert (again["loaded"][0]["loaded"], again["context"]["chunks"]) == (0, shown["context"]["chunks"])
    with open(database(), "r+b") as file:
        file.write(b"x" * 100)
    (listed,) = document(run("context", "list", "--json"))["contexts"]
    assert "damaged" in listed["unreadable"]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_reports_on_terminals_of_any_width(tree: Path, warm_exosuit: str, columns: int) -> None:
    from report.scan.test_terminal import SGR, on_a_terminal

    shown = [
        SGR.sub("", on_a_terminal([warm_exosuit, "context", *words], columns))
        for words in (["load", tree], ["show"], ["list"], ["check"], ["cat", "esc\x1b[31m[bold].txt"])
    ]
    for text in shown:
        assert "\x1b" not in text
        assert "Traceback" not in text
    load, show, listing, check, cat = shown
    for text in (load, show):
        assert "tree" in text
        assert str(tree) in text.replace("\r", "").replace("\n", "").replace(" ", "") or str(tree) in text
    assert f"{len(FILES)} files" in check
    assert "tree" in listing
    assert r"\x1b[31mred" in cat
    assert max(len(line) for line in "".join(check).splitlines()) <= max(columns, 80)


def test_what_is_quiet_and_what_is_read_in_pipes(tree: Path, tmp_path: Path, run: RunExosuit) -> None:
    assert ok(run("context", "load", tree, "--quiet")) == b""
    assert ok(run("context", "load", "--quiet")) == b""
    assert ok(run("context", "compact", "--quiet")) == b""
    assert ok(run("context", "cat", "a.py")) == FILES["a.py"]
    assert ok(run("context", "cat", "bad\udcff.txt")) == FILES["bad\udcff.txt"]
    assert ok(run("context", "export", "-o", tmp_path / "out.jsonl")) == b""
    assert (tmp_path / "out.jsonl").read_bytes() == ok(run("context", "export"))
    assert b'"text"' not in ok(run("context", "export", "--no-text"))
    (tree / "b.md").unlink()
    assert b"1 file removed" in ok(run("context", "load"))
    assert ok(run("context", "drop", "tree")) == b""
    assert b"no context yet" in ok(run("context", "list"))


def test_errors_are_one_line_with_a_remedy(tree: Path, run: RunExosuit, tmp_path: Path) -> None:
    assert "load one" in one_error(run("context", "show"), 2)
    assert "nothing" in one_error(run("context", "load", tmp_path / "nothing"), 2)
    assert "accepted" in one_error(run("context", "load", tree, "--name", "a/b"), 2)
    assert "accepted" in one_error(run("context", "load", tree, "--name", ""), 2)
    ok(run("context", "load", tree, "--quiet"))
    assert "did you mean tree" in one_error(run("context", "show", "--name", "tre"), 2)
    assert "no id" in one_error(run("context", "get", "xyz"), 2)
    assert "no file" in one_error(run("context", "cat", "x\x1b[31m"), 2)
    assert "is binary" in one_error(run("context", "cat", "bin"), 2)
    assert run("context", "load", tree, "--on-full", "never").returncode == 2
    assert run("context", "no-such").returncode == 2


def test_damage_is_reported_and_repaired(tree: Path, run: RunExosuit) -> None:
    import sqlite3

    ok(run("context", "load", tree, "--quiet"))
    before = ok(run("context", "export"))
    connection = sqlite3.connect(database())
    connection.execute("UPDATE chunks SET data = zeroblob(5) WHERE number = 1")
    connection.commit()
    connection.close()
    assert "repair" in one_error(run("context", "export"), 3)
    done = run("context", "check")
    assert done.returncode == 3
    assert b"its text has another digest" in done.stdout
    assert "exosuit context repair --name tree" in one_error(done, 3)
    assert b"sound" in ok(run("context", "repair"))
    assert ok(run("context", "export")) == before


def test_a_state_directory_that_is_read_only_can_be_read(tree: Path, exosuit: Path, run: RunExosuit) -> None:
    ok(run("context", "load", tree, "--quiet"))
    directory = os.path.dirname(database())
    os.chmod(directory, 0o500)

    def unprivileged(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*UNPRIVILEGED, str(exosuit), "context", *words], capture_output=True, timeout=HANG, check=False
        )

    try:
        assert ok(unprivileged("cat", "a.py")) == FILES["a.py"]
        assert b"sound" in ok(unprivileged("check"))
        assert b"tree" in ok(unprivileged("list"))
        one_error(unprivileged("load"), 2)
        one_error(unprivileged("load", str(tree), "--name", "new"), 2)
        one_error(unprivileged("drop", "tree"), 2)
    finally:
        os.chmod(directory, 0o700)
    assert ok(run("context", "cat", "a.py")) == FILES["a.py"]


@pytest.mark.parametrize("limit", [0, 4096, 40_000, 120_000])
def test_a_limit_of_file_sizes_is_one_error(tree: Path, exosuit: Path, run: RunExosuit, limit: int) -> None:
    for number in range(60):
        (tree / f"{number}.py").write_bytes(os.urandom(600).hex().encode() + b"\n")
    command = [*limited("RLIMIT_FSIZE", limit), str(exosuit), "context", "load", str(tree), "--quiet"]
    done = subprocess.run(command, capture_output=True, timeout=HANG, check=False)
    one_error(done, 2)
    assert b"no context yet" in ok(run("context", "list"))
    ok(run("context", "load", tree, "--quiet"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("is_new", [True, False])
def test_a_signal_leaves_the_context_as_it_was(
    tree: Path, exosuit: Path, run: RunExosuit, number: signal.Signals, is_new: bool
) -> None:
    if not is_new:
        ok(run("context", "load", tree, "--quiet"))
        before = ok(run("context", "export"))
    endless = tree / "z"
    endless.touch()
    os.truncate(endless, 1 << 40)
    (tree / "a.py").write_bytes(b"changed = 1\n")
    command = [str(exosuit), "context", "load", str(tree), "--max-file-size", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: is_open(tree, endless), "the endless file is read", process)
        process.send_signal(number)
        output, errors = process.communicate(timeout=HANG)
        wait_until(lambda: not family(tree), "no process is left")
    finally:
        kill_for_good(process)
    assert process.returncode == 128 + number
    assert errors.decode().count("\n") == 1
    assert f"interrupted by {number.name}" in errors.decode()
    assert output == b""
    endless.unlink()
    if is_new:
        assert b"no context yet" in ok(run("context", "list"))
    else:
        assert ok(run("context", "export")) == before
    ok(run("context", "load", tree, "--quiet"))
    assert ok(run("context", "cat", "a.py", "--name", "tree")) == b"changed = 1\n"


def is_open(tree: Path, path: Path) -> bool:
    """Whether a process of a command on the tree has this file open."""
    for pid in family(tree):
        try:
            links = [os.readlink(f"/proc/{pid}/fd/{name}") for name in os.listdir(f"/proc/{pid}/fd")]
        except OSError:
            continue
        if str(path) in links:
            return True
    return False


def test_an_unreadable_file_is_code_7_and_the_rest_is_loaded(tree: Path, exosuit: Path, run: RunExosuit) -> None:
    (tree / "closed.py").write_bytes(b"closed\n")
    (tree / "closed.py").chmod(0)
    command = [*UNPRIVILEGED, str(exosuit), "context", "load", str(tree), "--quiet"]
    done = subprocess.run(command, capture_output=True, timeout=HANG, check=False)
    assert "closed.py" in one_error(done, 7)
    assert ok(run("context", "cat", "a.py")) == FILES["a.py"]


def test_the_example_of_the_manual_runs(tree: Path, run: RunExosuit, project: Path, exosuit: Path) -> None:
    manual = (project / "exosuit_cli" / "manual" / "context.md").read_text()
    (program,) = re.findall(r"```python\n(.*?)```", manual, re.DOTALL)
    python = shutil.which("python", path=os.path.dirname(exosuit))
    assert python is not None
    done = subprocess.run([python, "-c", program], cwd=tree, capture_output=True, timeout=HANG, check=False)
    assert b"b'a.py' 1 " in ok(done)
    assert ok(run("context", "cat", "a.py", "--name", "project")) == FILES["a.py"]
    assert ok(run("context", "cat", "project", "a.py")) == FILES["a.py"]
    assert "are two contexts" in one_error(run("context", "cat", "tree", "a.py", "--name", "project"), 2)
    assert "3 words" in one_error(run("context", "cat", "project", "a.py", "b.md"), 2)


def test_an_export_is_written_neither_through_a_link_of_a_source_nor_over_a_context(
    tree: Path, run: RunExosuit, tmp_path: Path
) -> None:
    ok(run("context", "load", tree, "-q"))
    victim = tmp_path / "victim.jsonl"
    victim.write_text("keep\n")
    (tree / "out.jsonl").symlink_to(victim)
    (tree / "folder").symlink_to(tmp_path)
    for output in (tree / "out.jsonl", tree / "folder" / "new.jsonl", database()):
        assert str(output) in one_error(run("context", "export", "-o", output), 2)
    assert victim.read_text() == "keep\n"
    assert not (tmp_path / "new.jsonl").exists()
    assert document(run("context", "check", "--json"))["damages"] == []


def test_a_tier_reports_what_it_holds_and_did(tree: Path, run: RunExosuit) -> None:
    ok(run("context", "load", tree, "-q"))
    stats = document(run("context", "stats", "--json"))
    (nvme,) = [tier for tier in stats["tiers"] if tier["name"] == "nvme"]
    assert nvme["entries"] == stats["context"]["chunks"]["count"]
    assert stats["resident_tokens"] == stats["context"]["chunks"]["tokens"]
    assert stats["missing"] == 0
    assert stats["reads"] == sum(tier["hits"] for tier in stats["tiers"])


def test_an_address_is_no_path(run: RunExosuit) -> None:
    assert "clone" in one_error(run("context", "load", "https://example.com/owner/repository"), 2)


def test_a_load_over_the_budget_of_the_disk_changes_nothing(tree: Path, run: RunExosuit) -> None:
    budget = os.environ | {"EXOSUIT_MEMORY_LAYERS_NVME_SSD_TOKEN_CAPACITY": "100"}
    assert "memory_layers.nvme_ssd" in one_error(run("context", "load", tree, env=budget), 3)
    assert document(run("context", "list", "--json"))["contexts"] == []
    ok(run("context", "load", tree, "-q"))
    before = ok(run("context", "export"))
    write(tree, {"more.py": b"value = 1\n" * 50})
    for options in ((), ("--anew",)):
        assert "memory_layers.nvme_ssd" in one_error(run("context", "load", tree, *options, env=budget), 3)
        assert ok(run("context", "export")) == before


def test_a_load_of_a_known_path_cuts_as_before(tree: Path, run: RunExosuit) -> None:
    assert run("query", "words", tree, "--json").returncode == 0
    assert document(run("context", "load", tree, "--json"))["loaded"][0]["loaded"] == 0
    assert document(run("context", "load", tree, "--json", "--max-tokens", "64"))["loaded"][0]["loaded"] > 0
    assert document(run("context", "load", tree, "--json"))["loaded"][0]["loaded"] == 0
