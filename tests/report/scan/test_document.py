"""The scan document, for results of every kind, against its schema and against the result."""

from __future__ import annotations

import json
import os
import shutil
import signal
from dataclasses import replace
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from exosuit_cli.config import load_settings
from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest import ScanOptions, ScanResult, scan, scan_names
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.report.scan.document import scan_document
from exosuit_cli.report.scan.records import records
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAIN = ScanOptions(encoding=None, use_index=False)


def schema(name: str) -> dict[str, Any]:
    text = (resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text()
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def document_of(result: ScanResult, *, top: int = 10, tree: bool = False, phase: int | None = None) -> dict[str, Any]:
    """The document as a reader of strict JSON gets it, checked against its schema."""

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    text = json.dumps(scan_document(result, load_settings().settings.phases, phase, top=top, tree=tree))
    assert text.isascii()
    document: dict[str, Any] = json.loads(text, parse_constant=refuse)
    Draft202012Validator(schema("scan")).validate(document)
    return document


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """Source files, with all that a result can hold."""
    root = tmp_path_factory.mktemp("scanned") / "t\udcff"
    shutil.copytree(project / "exosuit_cli" / "model", root / "json")
    shutil.copytree(root / "json", root / "copy")
    (root / "bad\udcff\n.py").write_text("x = 1\n")
    (root / "same").write_bytes(b"\0" * 99)
    (root / "same too").write_bytes(b"\0" * 99)
    (root / ".gitignore").write_text("*.pyc\n[\n")
    (root / "link").symlink_to("nowhere")
    os.mkfifo(root / "fifo")
    return root


def _results(tree: Path) -> Iterator[tuple[str, ScanResult]]:
    for name, options in {
        "tokens": ScanOptions(use_index=False),
        "other encoding": ScanOptions(use_index=False, encoding="cl100k_base", workers=2),
        "index": ScanOptions(),
        "from the index": ScanOptions(),
        "verify": ScanOptions(verify=True),
        "xxh3": replace(PLAIN, hash="xxh3"),
        "no rules": replace(PLAIN, walk=WalkOptions(ignore=False)),
        "visible": replace(PLAIN, walk=WalkOptions(hidden=False)),
        "followed": replace(PLAIN, walk=WalkOptions(follow=True)),
        "included": replace(PLAIN, walk=WalkOptions(include=("*.py",), exclude=("copy",))),
        "small": replace(PLAIN, max_file_size=5000),
        "nothing": replace(PLAIN, walk=WalkOptions(include=("nothing",))),
    }.items():
        yield name, scan(tree, options)
    stop = StopRequest()
    stop.signal = signal.SIGTERM
    yield "partial", scan(tree, PLAIN, stop=stop)
    yield "names", scan_names(tree, [b"json", b"gone", b"\xfe"], PLAIN)
    yield "file", scan(tree / "same", PLAIN)
    whole = scan(tree, PLAIN)
    yield "every outcome", replace(whole, skips=[Skip(b"x%d" % code, code, "why") for code in _outcomes()])
    yield "failed verification", replace(whole, verify_failures=[0, 2])
    yield "an unreadable base", replace(whole, skips=[Skip(b"", Outcome.UNREADABLE, "Permission denied", True)])


def _outcomes() -> list[Outcome]:
    return [outcome for outcome in Outcome if outcome not in (Outcome.INGESTED, Outcome.LINKED)]


def test_documents_of_every_kind_follow_the_schema(tree: Path) -> None:
    line = Draft202012Validator(schema("record"))
    for name, result in _results(tree):
        for top, with_tree in ((0, True), (3, False), (1000, True)):
            document = document_of(result, top=top, tree=with_tree)
            assert _tells_the_result(document, result, top), name
            assert ("tree" in document) is with_tree
        for times in (True, False):
            for record in records(result, times=times):
                line.validate(json.loads(json.dumps(record)))


def _tells_the_result(document: dict[str, Any], result: ScanResult, top: int) -> bool:
    ledger, totals, duplicates = document["ledger"], document["totals"], document["duplicates"]
    assert ledger["discovered"] == ledger["ingested"] + sum(ledger["skipped"].values())
    assert ledger["ingested"] == totals["files"] == len(result.paths)
    for name in ("files", "bytes", "lines"):
        assert sum(row[name] for row in document["languages"]) == totals[name]
    counted = result.encoding is not None
    assert (totals["tokens"] is not None) is counted
    assert all((row["tokens"] is not None) is counted for row in document["languages"])
    assert len(document["largest"]) <= top
    assert len(duplicates["largest"]) == min(top, duplicates["groups"])
    assert sum(len(group["paths"]) - 1 for group in duplicates["largest"]) <= duplicates["redundant_files"]
    assert len(document["unreadable"]) == len(result.unreadable)
    assert len(document["phases"]) == 9
    return True


def test_phases_say_what_fits(tree: Path) -> None:
    result = scan(tree, ScanOptions(use_index=False))
    tokens = result.totals.tokens
    assert tokens is not None
    phases = document_of(result, phase=3)["phases"]
    assert [phase["current"] for phase in phases].index(True) == 3
    for phase in phases:
        assert phase["fits"] is (tokens <= phase["token_limit"])
        assert phase["tokens_over"] == tokens - phase["token_limit"]
    assert not any(phase["current"] for phase in document_of(result)["phases"])
    for phase in document_of(scan(tree, PLAIN))["phases"]:
        assert (phase["fits"], phase["tokens_over"]) == (None, None)


def test_directories_sum_what_is_in_them(tree: Path) -> None:
    document = document_of(scan(tree, ScanOptions(use_index=False)), tree=True)
    rows = {row["path"]: row for row in document["tree"]}
    assert list(rows) == [".", "copy", "json"]
    assert rows["."]["tokens"] == document["totals"]["tokens"]
    assert rows["."]["bytes"] == document["totals"]["bytes"]
    assert {**rows["copy"], "path": ""} == {**rows["json"], "path": ""}


def test_duplicates_of_binary_files_have_no_tokens(tree: Path) -> None:
    groups = document_of(scan(tree, ScanOptions(use_index=False)), top=100)["duplicates"]["largest"]
    binary = [group for group in groups if group["paths"] == ["same", "same too"]]
    assert [group["tokens"] for group in binary] == [None]
    assert all(group["tokens"] > 0 for group in groups if group not in binary)


@pytest.mark.parametrize("name", ["scan", "record", "config"])
def test_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_schemas_refuse_what_they_do_not_know(tree: Path) -> None:
    """At every depth: a key more, a key less, a value of another type."""
    document = document_of(scan(tree, ScanOptions(use_index=False)), tree=True)
    validator = Draft202012Validator(schema("scan"))
    refused = 0
    for path in _objects(document):
        place = document
        for step in path:
            place = place[step]
        place["unknown_key"] = 1
        with pytest.raises(ValidationError):
            validator.validate(document)
        del place["unknown_key"]
        for key in list(place):
            kept = place[key]
            place[key] = {"other": "type"}
            with pytest.raises(ValidationError):
                validator.validate(document)
            place[key] = kept
            refused += 1
    assert refused > 100
    validator.validate(document)


def _objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        yield path
        for key, below in value.items():
            yield from _objects(below, (*path, key))
    elif isinstance(value, list) and value:
        yield from _objects(value[0], (*path, 0))


def test_config_document(run: Any) -> None:
    Draft202012Validator(schema("config")).validate(json.loads(run("config", "show", "--json").stdout))


def test_the_command_prints_this_document_and_nothing_else(tree: Path, run: Any) -> None:
    done = run("scan", tree, "--json", "--no-tokens", "--no-index", "--tree")
    printed = json.loads(done.stdout)
    expected = document_of(scan(tree, PLAIN), tree=True)
    for measured in ("throughput", "memory"):
        assert printed.pop(measured).keys() == expected.pop(measured).keys()
    assert printed == expected
