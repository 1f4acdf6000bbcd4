"""`exosuit chunk` as it is typed: what it writes, where, and what it refuses."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import termios
import time
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pytest
from blake3 import blake3
from jsonschema import Draft202012Validator

from exosuit_cli.syntax.grammars import GRAMMARS
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]

OLD = "what was there before\n"
HANG = 120


def schema(name: str) -> Draft202012Validator:
    text = (resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text()
    found = json.loads(text)
    Draft202012Validator.check_schema(found)
    return Draft202012Validator(found)


CHUNK = schema("chunk")
STATISTICS = schema("chunk_statistics")


def functions(count: int, first: int = 0) -> str:
    bodies = (
        "".join(f"    x += {number * step}\n" for step in range(1 + number % 9)) for number in range(first, count)
    )
    return "".join(f"def f{number}(x):\n{body}    return x\n\n\n" for number, body in enumerate(bodies, first))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    files = {
        "a.py": functions(40),
        "again.py": functions(40),
        "b.txt": "words and words\n" * 50,
        "src/deep/c.c": "int f(void)\n{\n\treturn 1;\n}\n\n" * 40,
        "src/d.md": "# Title\n\n" + "some words\n" * 60 + "\n## Next\n\n" + "more words\n" * 60,
        "empty": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "binary.bin").write_bytes(b"\0" * 100)
    (root / "latin.txt").write_bytes(b"caf\xe9\n" * 10)
    with open(os.fsencode(root) + b"/bad\xff\nname", "wb") as file:
        file.write(b"x = 1\n" * 10)
    return root


def lines_of(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def one_error(done: subprocess.CompletedProcess[bytes], code: int = 2) -> str:
    assert done.returncode == code, done.stderr
    assert done.stdout == b""
    line = done.stderr.decode()
    assert line.startswith("exosuit: error: ")
    assert line.count("\n") == 1, line
    return line


# Lines of JSON


def test_every_line_follows_its_schema_and_tells_the_truth(run: RunExosuit, tree: Path) -> None:
    counter = load_counter("o200k_base")
    records = lines_of(run("chunk", tree, "--max-tokens", "100"))
    assert len(records) > 40
    texts: dict[str, str] = {}
    rebuilt: dict[bytes, int] = {}
    for record in records:
        CHUNK.validate(record)
        path = base64.b64decode(record["path_b64"]) if "path_b64" in record else record["path"].encode()
        with open(os.path.join(os.fsencode(tree), path), "rb") as file:
            data = file.read()
        part = data[record["start_byte"] : record["end_byte"]]
        assert rebuilt.get(path, 0) == record["start_byte"]
        rebuilt[path] = record["end_byte"]
        assert record["id"] == blake3(part).hexdigest()[:32]
        assert record["tokens"] == counter.count(part) <= 100
        assert record["start_line"] == 1 + data.count(b"\n", 0, record["start_byte"])
        assert record["end_line"] == 1 + data.count(b"\n", 0, record["end_byte"] - 1)
        text = texts.setdefault(record["id"], record["text"])
        assert text == part.decode("utf-8", "replace")
    assert {os.fsdecode(path) for path in rebuilt} == {
        "a.py", "again.py", "b.txt", "src/deep/c.c", "src/d.md", "latin.txt", "bad\udcff\nname",
    }  # fmt: skip
    again = [record for record in records if record["path"] == "again.py"]
    assert {record["duplicate_of"]["path"] for record in again} == {"a.py"}
    assert {record["language"] for record in again} == {"Python"}


@pytest.mark.parametrize(
    "change",
    [
        {"tokens": 0}, {"id": "x"}, {"boundary": "word"}, {"text": None}, {"more": 1}, {"duplicate_of": {"path": "a"}},
        {"duplicate_of": {"path": "a", "start_byte": 1}}, {"path": None},
    ],
    ids=repr,
)  # fmt: skip
def test_the_schema_of_a_line_can_fail(run: RunExosuit, tree: Path, change: dict[str, Any]) -> None:
    record = lines_of(run("chunk", tree / "b.txt"))[0]
    assert CHUNK.is_valid(record)
    assert not CHUNK.is_valid(record | change)


def test_the_options_are_those_that_were_typed(run: RunExosuit, tree: Path) -> None:
    few = lines_of(run("chunk", tree / "b.txt", "--max-tokens", "20", "--max-chars", "64", "--encoding", "cl100k_base"))
    counter = load_counter("cl100k_base")
    assert all(record["tokens"] == counter.count(record["text"].encode()) for record in few if record["text"])
    assert max(record["end_byte"] - record["start_byte"] for record in few) <= 64
    overlapping = lines_of(run("chunk", tree / "a.py", "--max-tokens", "60", "--overlap", "20"))
    assert any(one["end_byte"] > other["start_byte"] for one, other in pairwise(overlapping))
    symbols = lines_of(run("chunk", tree / "a.py", "--max-tokens", "60", "--boundaries", "ast"))
    assert {"f0", "f7"} <= {record["symbol"] for record in symbols}
    plain = lines_of(run("chunk", tree / "src", "--max-tokens", "60", "--boundaries", "lines"))
    assert {record["boundary"] for record in plain} == {"file", "line"}
    for records in (few, overlapping, symbols, plain):
        for record in records:
            CHUNK.validate(record)


def test_a_small_cap_has_a_small_least_size(run: RunExosuit, tree: Path) -> None:
    assert lines_of(run("chunk", tree / "b.txt", "--max-tokens", "16"))


def test_selection_is_that_of_a_scan(run: RunExosuit, tree: Path) -> None:
    (tree / ".gitignore").write_text("b.txt\n")
    (tree / ".hidden").write_text("x\n")
    found = lines_of(run("chunk", tree, "--include", "*.py", "--include", "*.txt", "--exclude", "again*"))
    assert {record["path"] for record in found} == {"a.py", "latin.txt"}
    found = lines_of(run("chunk", tree, "--no-ignore", "--no-hidden", "--max-file-size", "800"))
    assert {record["path"] for record in found} >= {"b.txt", "latin.txt"}
    assert ".hidden" not in {record["path"] for record in found}
    names = lines_of(run("chunk", tree, "--stdin0", input=b"src/d.md\0a.py\0"))
    assert {record["path"] for record in names} == {"src/d.md", "a.py"}


def test_without_texts(run: RunExosuit, tree: Path) -> None:
    records = lines_of(run("chunk", tree, "--no-text"))
    whole = lines_of(run("chunk", tree))
    for record in records:
        CHUNK.validate(record)
    assert records == [{name: value for name, value in record.items() if name != "text"} for record in whole]


def test_workers_decide_nothing(run: RunExosuit, tree: Path) -> None:
    outputs = {run("chunk", tree, "--workers", workers).stdout for workers in (1, 2, 3)}
    assert len(outputs) == 1


# Files


def test_a_file_takes_its_place_when_all_is_written(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text(OLD)
    done = run("chunk", tree, "-o", out)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert out.read_bytes() == run("chunk", tree).stdout
    assert out.stat().st_mode & 0o777 == 0o644
    assert set(os.listdir(tmp_path)) == {"tree", "out.jsonl"}


def test_an_output_in_the_tree_is_not_cut(run: RunExosuit, tree: Path) -> None:
    first = run("chunk", ".", "-o", "out.jsonl", "--log-file", "log", cwd=tree)
    assert first.returncode == 0
    before = (tree / "out.jsonl").read_bytes()
    for _ in range(2):
        assert run("chunk", ".", "-o", "out.jsonl", "--log-file", "log", cwd=tree).returncode == 0
        assert (tree / "out.jsonl").read_bytes() == before
    assert {"out.jsonl", "log"}.isdisjoint(json.loads(line)["path"] for line in before.splitlines())


def test_a_redirected_output_in_the_tree_is_not_cut(exosuit: Path, tree: Path) -> None:
    for _ in range(2):
        with open(tree / "out.jsonl", "wb") as out:
            subprocess.run([exosuit, "chunk", "."], cwd=tree, stdout=out, check=True, timeout=HANG)
    assert "out.jsonl" not in {json.loads(line)["path"] for line in (tree / "out.jsonl").read_bytes().splitlines()}


def test_a_device_is_written_as_it_is(run: RunExosuit, tree: Path) -> None:
    done = run("chunk", tree, "-o", "/dev/null", "--stats")
    assert done.returncode == 0
    assert b"chunks of" in done.stdout
    assert not os.path.isfile("/dev/null")
    done = run("chunk", tree, "-o", "/dev/full")
    assert done.returncode == 2
    assert done.stderr.startswith(b"exosuit: error: ")


def test_a_dash_is_stdout(run: RunExosuit, tree: Path) -> None:
    (tree / "-").write_text("a file of that name\n")
    done = run("chunk", ".", "-o", "-", cwd=tree)
    assert "-" in {record["path"] for record in lines_of(done)}
    assert done.stdout == run("chunk", ".", cwd=tree).stdout
    assert (tree / "-").read_text() == "a file of that name\n"
    assert run("chunk", "--stdin", "a.py", "-o", "-", input=b"a = 1\n", cwd=tree).stdout


@pytest.mark.parametrize("name", ["out", "out.JSONL", "out.json", "out.ndjson", ".hidden"])
def test_names_that_say_json_lines(run: RunExosuit, tree: Path, tmp_path: Path, name: str) -> None:
    assert run("chunk", tree, "-o", tmp_path / name).returncode == 0
    assert (tmp_path / name).read_bytes() == run("chunk", tree).stdout


def test_a_format_that_is_given_goes_with_any_name(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    assert run("chunk", tree, "-o", tmp_path / "out.csv", "--format", "jsonl").returncode == 0
    assert (tmp_path / "out.csv").read_bytes() == run("chunk", tree).stdout


@pytest.mark.parametrize("target", ["missing/out.jsonl", "tree"])
def test_a_place_that_cannot_be_written(run: RunExosuit, tree: Path, tmp_path: Path, target: str) -> None:
    assert target in one_error(run("chunk", tree, "-o", tmp_path / target))


def test_a_failure_keeps_the_older_file(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text(OLD)
    one_error(run("chunk", tree / "missing", "-o", out))
    one_error(run("chunk", tree, "--max-tokens", "1", "-o", out))

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    for workers in (1, 2):
        done = run("chunk", tree, "-o", out, "--workers", workers, preexec_fn=limit)
        assert "out.jsonl" in one_error(done)
        assert out.read_text() == OLD
        assert set(os.listdir(tmp_path)) == {"tree", "out.jsonl"}


def test_an_unreadable_file_is_told_and_the_rest_is_written(run: RunExosuit, tree: Path) -> None:
    done = run("chunk", tree, "--stdin0", input=b"a.py\0gone\0")
    assert done.returncode == 7
    assert b"gone: vanished" in done.stderr
    assert {json.loads(line)["path"] for line in done.stdout.splitlines()} == {"a.py"}


def test_a_reader_that_leaves_ends_the_command_quietly(exosuit: Path, tree: Path) -> None:
    (tree / "more.txt").write_text("word\n" * 200_000)
    process = subprocess.Popen([exosuit, "chunk", tree], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.read(10)
        process.stdout.close()
        process.stdout = None
        _, errors = process.communicate(timeout=HANG)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, errors) == (0, b"")


# Statistics


@pytest.mark.parametrize(
    "options",
    [[], ["--boundaries", "ast", "--overlap", "30"], ["--workers", "2", "--max-chars", "100"]],
    ids=" ".join,
)
def test_the_statistics_follow_their_schema_and_add_up(run: RunExosuit, tree: Path, options: list[str]) -> None:
    done = run("chunk", tree, "--stats", "--json", "--max-tokens", "100", *options)
    assert (done.returncode, done.stderr) == (0, b"")
    document = json.loads(done.stdout)
    STATISTICS.validate(document)
    records = lines_of(run("chunk", tree, "--max-tokens", "100", *options))
    found = document["chunks"]
    assert found["chunks"] == len(records) == sum(found["boundaries"].values())
    assert found["tokens"] == sum(record["tokens"] for record in records)
    assert found["fill"] == pytest.approx(found["tokens"] / len(records) / 100)
    assert found["forced"] == sum(record["boundary"] == "forced" for record in records)
    repeated = [record for record in records if record["duplicate_of"]]
    assert found["repeated_chunks"] == len(repeated) > 10
    assert found["tokens_saved"] == sum(record["tokens"] for record in repeated)
    assert (found["files"], found["empty_files"], found["binary_files"]) == (8, 1, 1)
    assert found["files"] + found["binary_files"] == document["ledger"]["ingested"]
    assert found["bytes"] == sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) - 100
    sizes = sorted(record["tokens"] for record in records)
    assert found["percentiles"]["p50"] == sizes[(len(sizes) + 1) // 2 - 1]
    assert found["percentiles"]["p99"] <= sizes[-1]
    assert document["options"]["max_chars"] == (100 if "--max-chars" in options else None)
    assert bool(found["fallbacks"]) == ("ast" in options)
    by_language = found["fallback_languages"]
    assert sum(row["files"] for row in by_language) == sum(found["fallbacks"].values())
    if by_language:
        assert {"reason": "no grammar", "language": "Text", "files": 2} in by_language
    scanned = json.loads(run("scan", tree, "--json").stdout)
    assert (document["tree_digest"], document["totals"]) == (scanned["tree_digest"], scanned["totals"])
    assert document["ledger"] == scanned["ledger"]


def test_the_schema_of_the_statistics_can_fail(run: RunExosuit, tree: Path) -> None:
    document = json.loads(run("chunk", tree, "--stats", "--json").stdout)
    STATISTICS.validate(document)
    for name in ("chunks", "options", "tree_digest"):
        assert not STATISTICS.is_valid({key: value for key, value in document.items() if key != name})
    assert not STATISTICS.is_valid(document | {"more": 1})
    assert not STATISTICS.is_valid(document | {"chunks": document["chunks"] | {"fill": 2}})


def test_the_statistics_of_nothing(run: RunExosuit, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    document = json.loads(run("chunk", tmp_path, "--stats", "--json").stdout)
    STATISTICS.validate(document)
    assert document["chunks"]["fill"] is None
    assert document["chunks"]["percentiles"]["p50"] is None
    assert b"0 chunks of 1 text file  " in run("chunk", tmp_path, "--stats").stdout


def test_statistics_for_a_person_take_the_place_of_the_chunks(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    done = run("chunk", tree, "--stats", "--max-tokens", "100")
    assert done.returncode == 0
    shown = done.stdout.decode()
    for words in ("chunks of 8 text files", "begins at", "definition", "of the cap of 100 tokens", "repeated chunks"):
        assert words in shown
    assert '"id"' not in shown
    done = run("chunk", tree, "--stats", "-o", tmp_path / "out.jsonl")
    assert b"chunks of 8 text files" in done.stdout
    assert (tmp_path / "out.jsonl").read_bytes() == run("chunk", tree).stdout
    assert run("chunk", tree, "--stats", "-q").stdout == b""


# Warnings

BROKEN = "? $ !\n" * 40


def warned(done: subprocess.CompletedProcess[bytes]) -> list[str]:
    return [line for line in done.stderr.decode().splitlines() if line.startswith("exosuit: warning: ")]


@pytest.mark.parametrize("options", [[], ["--stats"], ["--stats", "--json"], ["--workers", "2"]], ids=" ".join)
def test_code_that_does_not_parse_is_a_warning(run: RunExosuit, tree: Path, options: list[str]) -> None:
    assert "Python" in GRAMMARS
    (tree / "broken.py").write_text(BROKEN)
    command = ["chunk", tree, "--boundaries", "ast", *options]
    expected = "1 of 9 text files was cut by structure, not by syntax (does not parse cleanly: Python 1)"
    done = run(*command)
    assert (done.returncode, warned(done)) == (0, [f"exosuit: warning: {expected}"])
    if "--json" in options:
        assert expected in json.loads(done.stdout)["warnings"]
    done = run(*command, "--strict")
    assert (done.returncode, len(warned(done))) == (3, 1)
    assert done.stderr.decode().splitlines()[-1].startswith("exosuit: error: --strict")


def test_prose_without_a_grammar_is_a_note(run: RunExosuit, tree: Path) -> None:
    assert "Text" not in GRAMMARS
    done = run("chunk", tree, "--boundaries", "ast", "--strict")
    assert (done.returncode, done.stderr) == (0, b"")
    done = run("chunk", tree, "--boundaries", "ast", "--strict", "-v")
    assert done.returncode == 0
    note = "3 of 8 text files were cut by structure, not by syntax (no grammar: Text 2, 1 of unknown language)"
    assert f"exosuit: info: {note}\n" in done.stderr.decode()


def test_what_falls_back_is_told_for_stdin_too(run: RunExosuit) -> None:
    command = ["chunk", "--boundaries", "ast", "-v", "--stdin"]
    done = run(*command, "a.py", input=BROKEN.encode())
    told = "1 of 1 text file was cut by structure, not by syntax"
    assert done.returncode == 0
    assert warned(done) == [f"exosuit: warning: {told} (does not parse cleanly: Python 1)"]
    assert run(*command, "a.py", "--strict", input=BROKEN.encode()).returncode == 3
    done = run(*command, "a.txt", "--strict", input=b"some words\n")
    assert (done.returncode, done.stderr.decode()) == (0, f"exosuit: info: {told} (no grammar: Text 1)\n")


def test_strict_fails_on_what_is_too_large_and_on_nothing_to_cut(run: RunExosuit, tree: Path) -> None:
    with open(tree / "huge.txt", "wb") as file:
        file.truncate((256 << 20) + 1)
    for options, code in (([], 0), (["--strict"], 3)):
        done = run("chunk", tree, "--stats", "--json", *options)
        assert done.returncode == code
        assert len(warned(done)) == 1
        assert "1 file is larger than chunks are made of and left out, the first: huge.txt" in warned(done)[0]
        skips = json.loads(done.stdout)["skips"]
        assert skips == [{"path": "huge.txt", "skipped": "too_large", "detail": ""}]
    assert run("chunk", tree, "--strict", "--max-file-size", "1MiB").returncode == 0
    assert run("chunk", tree / "empty", "--strict").returncode == 3


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["binary.bin"], "binary.bin is binary"),
        (["empty"], "empty is empty"),
        (["empty", "binary.bin"], "of 2 files 1 binary and 1 empty"),
        (["hollow"], "there is no file"),
        (["b.txt", "a.py", "--max-file-size", "5"], "every file is skipped (2 too large)"),
    ],
    ids=["binary", "empty", "both", "no file", "skipped"],
)
def test_nothing_to_cut_is_told(run: RunExosuit, tree: Path, names: list[str], told: str) -> None:
    (tree / "hollow").mkdir()
    done = run("chunk", *names, cwd=tree)
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode() == f"exosuit: warning: nothing to cut: {told}\n"


# Standard input


def test_stdin_is_cut_as_a_file_of_that_name(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    data = (tree / "a.py").read_bytes()
    done = run("chunk", "--stdin", "a.py", input=data)
    assert done.stdout == run("chunk", tree / "a.py").stdout
    assert lines_of(done)
    symbols = lines_of(run("chunk", "--stdin", "x/a.py", "--boundaries", "ast", "--no-text", input=data))
    assert "text" not in symbols[0]
    assert {record["path"] for record in symbols} == {"x/a.py"}
    assert any(record["symbol"] for record in symbols)
    out = tmp_path / "out.jsonl"
    assert run("chunk", "--stdin", "a.py", "-o", out, input=data).stdout == b""
    assert out.read_bytes() == done.stdout
    done = run("chunk", "--stdin", "empty", input=b"")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr == b"exosuit: warning: nothing to cut: empty is empty\n"


def test_stdin_repeats_itself_once(run: RunExosuit) -> None:
    """Equal chunks of one text: the first carries it."""
    data = b"".join(b"def function():\n    return 'a text of some length'\n\n\n" for _ in range(9))
    records = lines_of(run("chunk", "--stdin", "a.py", "--max-tokens", "16", input=data))
    first = {}
    for record in records:
        place = first.setdefault(record["id"], record["start_byte"])
        if place == record["start_byte"]:
            assert record["duplicate_of"] is None
            assert record["text"]
        else:
            assert record["duplicate_of"] == {"path": "a.py", "start_byte": place}
            assert record["text"] is None
    assert len(first) < len(records)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_told_whatever_the_buffering(run: RunExosuit, tree: Path, unbuffered: str) -> None:
    (tree / "more.txt").write_text("".join(f"line {number} of it\n" for number in range(50_000)))
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*run("--version").args[:1], "chunk", tree],
            stdout=full, stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": unbuffered}, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert b"cannot write to stdout" in done.stderr


def test_an_output_by_a_link_keeps_the_link(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    target, link = tmp_path / "target.jsonl", tmp_path / "link.jsonl"
    target.write_text(OLD)
    link.symlink_to(target)
    expected = run("chunk", tree).stdout
    assert run("chunk", tree, "-o", link).returncode == 0
    assert link.is_symlink()
    assert target.read_bytes() == expected


def test_stdin_that_is_binary_is_refused(run: RunExosuit, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text(OLD)
    assert "'a.py' is binary" in one_error(run("chunk", "--stdin", "a.py", "-o", out, input=b"a\0b"))
    assert out.read_text() == OLD


@pytest.mark.parametrize("more", [["."], ["--stats"], ["--stdin0"]], ids=" ".join)
def test_stdin_goes_alone(run: RunExosuit, more: list[str]) -> None:
    assert "--stdin" in one_error(run("chunk", "--stdin", "a.py", *more, input=b"x"))


# Parquet


def test_parquet_has_the_fields_of_the_lines(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    for options in (["--context"], ["--no-text"], ["--boundaries", "ast", "--overlap", "20"]):
        assert run("chunk", tree, "--max-tokens", "100", "-o", out, *options).returncode == 0
        rows = pyarrow.parquet.read_table(out).to_pylist()
        records = lines_of(run("chunk", tree, "--max-tokens", "100", *options))
        for record in records:
            if record["duplicate_of"] is not None:
                record["duplicate_of"] = {"path_b64": None} | record["duplicate_of"]
        assert rows == [{"path_b64": None} | record for record in records]


def test_parquet_is_the_same_whoever_did_the_work(run: RunExosuit, tree: Path, tmp_path: Path) -> None:
    written = set()
    for workers in (1, 2):
        out = tmp_path / f"{workers}"
        assert run("chunk", tree, "-o", out, "--format", "parquet", "--workers", workers).returncode == 0
        written.add(out.read_bytes())
    written.add(run("chunk", tree, "--format", "parquet").stdout)
    assert len(written) == 1


def test_parquet_in_several_groups_of_rows(tmp_path: Path, run: RunExosuit) -> None:
    (tmp_path / "many.txt").write_text(
        "".join(f"line {number} of a long text, and some words\n" for number in range(25_000))
    )
    out = tmp_path / "out.parquet"
    assert run("chunk", tmp_path / "many.txt", "--max-tokens", "16", "-o", out, "--no-text").returncode == 0
    file = pyarrow.parquet.ParquetFile(out)
    assert file.num_row_groups > 1
    assert file.metadata.row_group(0).num_rows == 16_384
    assert file.read().column("start_byte").to_pylist() == sorted(file.read().column("start_byte").to_pylist())


def test_parquet_of_nothing(run: RunExosuit, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert run("chunk", tmp_path / "empty", "-o", tmp_path / "out.parquet").returncode == 0
    assert pyarrow.parquet.read_table(tmp_path / "out.parquet").num_rows == 0


def test_without_pyarrow_it_says_what_to_install(tree: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    out.write_text(OLD)
    code = "import sys; sys.modules['pyarrow'] = None; from exosuit_cli.cli import main; main()"
    command = [sys.executable, "-c", code, "chunk", tree, "-o", out]
    done = subprocess.run(command, capture_output=True, timeout=HANG, check=False)
    assert "pip install 'exosuit-cli[parquet]'" in one_error(done)
    assert out.read_text() == OLD


# Refused


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--max-tokens", "15"], "--max-tokens 15 is not"),
        (["--max-tokens", "2000000"], "--max-tokens 2000000"),
        (["--overlap", "512"], "--overlap 512 is not accepted; accepted: 0 to below --max-tokens"),
        (["--max-tokens", "100", "--overlap", "100"], "--overlap 100"),
        (["--min-tokens", "512"], "--min-tokens 512 is not accepted; accepted: 0 to below --max-tokens"),
        (["--min-tokens", "-1"], "--min-tokens -1"),
        (["--max-chars", "3"], "--max-chars 3"),
        (["--boundaries", "words"], "unknown --boundaries 'words'"),
        (["--boundaries", "overlap"], "unknown --boundaries 'overlap'"),
        (["--format", "csv"], "unknown --format 'csv'"),
        (["-o", "out.csv"], "the name of 'out.csv' does not tell its format; give --format jsonl or --format parquet"),
        (["-o", "out.jsonl.gz"], "'out.jsonl.gz'"),
        (["-o", "-", "--stats"], "--stats and --output -"),
        (["--encoding", "gpt2"], "gpt2"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_is_refused_in_one_line(run: RunExosuit, tree: Path, options: list[str], told: str) -> None:
    assert told in one_error(run("chunk", tree, *options))


def test_what_is_refused_for_stdin_too(run: RunExosuit) -> None:
    assert "--max-tokens 15" in one_error(run("chunk", "--stdin", "a.py", "--max-tokens", "15", input=b"x\n"))
    assert "gpt2" in one_error(run("chunk", "--stdin", "a.py", "--encoding", "gpt2", input=b"x\n"))


def test_a_path_that_is_not_there(run: RunExosuit, tree: Path) -> None:
    assert "missing" in one_error(run("chunk", tree / "missing"))


def test_a_word_that_is_no_number(run: RunExosuit, tree: Path) -> None:
    done = run("chunk", tree, "--max-tokens", "many")
    assert (done.returncode, done.stdout) == (2, b"")


# Hostile


def peak_memory(command: list[Any], **options: Any) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """A run, and the most memory of any one process of it, in bytes."""
    code = (
        "import resource, subprocess, sys\n"
        "done = subprocess.run(sys.argv[1:])\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n"
        "sys.exit(done.returncode)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command], capture_output=True, timeout=HANG, check=False, **options
    )
    *errors, peak = done.stderr.splitlines(keepends=True)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout, b"".join(errors)), int(peak) << 10


@pytest.mark.parametrize(
    "unit", [b"a", b" ", b'{"key":[1,2,"x"]},', "漢".encode()], ids=["letters", "spaces", "json", "CJK"]
)
def test_one_line_of_eight_megabytes(exosuit: Path, tmp_path: Path, unit: bytes) -> None:
    """By the square of its length it would take hours."""
    size = (8 << 20) // len(unit) * len(unit)
    (tmp_path / "giant.txt").write_bytes(unit * (size // len(unit)))
    command = [exosuit, "chunk", tmp_path / "giant.txt", "--no-text", "--max-tokens", "4096"]
    done, peak = peak_memory(command)
    assert (done.returncode, done.stderr) == (0, b"")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    ends = [0]
    for record in records:
        assert record["start_byte"] == ends[-1]
        assert record["tokens"] <= 4096
        assert record["start_byte"] % len(unit) == 0 or len(unit) != 3
        ends.append(record["end_byte"])
    assert ends[-1] == size
    assert peak < 1 << 29


def start(command: list[Any]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


@pytest.mark.parametrize(
    ("number", "workers", "older"),
    [(signal.SIGINT, 1, True), (signal.SIGINT, 2, True), (signal.SIGINT, 1, False), (signal.SIGTERM, 2, True)],
)
def test_a_signal_keeps_the_older_file(
    exosuit: Path, tmp_path: Path, number: signal.Signals, workers: int, *, older: bool
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for index in range(400):
        (tree / f"{index}.py").write_text(functions(index + 300, index))
    out = tmp_path / "out.jsonl"
    if older:
        out.write_text(OLD)
    process = start([exosuit, "chunk", tree, "-o", out, "--workers", str(workers), "--max-tokens", "16"])
    try:
        deadline = time.monotonic() + HANG
        while not any(name.startswith(".exosuit-") for name in os.listdir(tmp_path)):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(number)
        output, errors = process.communicate(timeout=HANG)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    assert process.returncode == 128 + number
    assert output == b""
    what_stays = "was left as it was" if older else "is not written"
    told = f"exosuit: error: interrupted by {number.name}: the result is partial, '{out}' {what_stays}\n"
    assert errors.decode() == told
    assert not older or out.read_text() == OLD
    assert set(os.listdir(tmp_path)) == ({"tree", "out.jsonl"} if older else {"tree"})


def test_a_signal_while_stdin_is_read(exosuit: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    process = subprocess.Popen(
        [exosuit, "chunk", "--stdin", "a.py", "-o", out],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + HANG
        stdin = process.stdin
        assert stdin is not None
        stdin.write(b"x = 1\n")
        stdin.flush()
        while unread(stdin.fileno()):  # taken: the command is waiting for more
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.wait(HANG) == 130
        assert process.stderr is not None
        assert process.stderr.read() == b"exosuit: error: interrupted by SIGINT: nothing was cut\n"
    finally:
        process.kill()
        process.communicate()
    assert not out.exists()


def unread(descriptor: int) -> int:
    """Bytes in a pipe that nobody has read (ioctl_pipe(2), FIONREAD)."""
    return int.from_bytes(fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)), sys.byteorder)


@pytest.mark.parametrize("command", ["scan", "chunk"])
def test_help_names_every_value(run: RunExosuit, command: str) -> None:
    shown = run(command, "--help", env=os.environ | {"COLUMNS": "200"}).stdout.decode()
    assert "<str>" not in shown
    assert "<int>" not in shown


def test_help_tells_every_option(run: RunExosuit) -> None:
    done = run("chunk", "--help", env=os.environ | {"COLUMNS": "200"})
    assert done.returncode == 0
    for line in done.stdout.decode().splitlines():
        if line.lstrip(" │").startswith("--"):
            words = line.strip(" │").split("  ")
            assert len([word for word in words if word.strip()]) >= 2, f"no help: {line}"
