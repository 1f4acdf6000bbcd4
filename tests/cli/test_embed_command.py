"""`exosuit context embed` as it is typed."""

from __future__ import annotations

import json
import os
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator
from safetensors.numpy import save_file

from exosuit_cli.commands.embed import embed_context
from exosuit_cli.context import Context
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from conftest import RunExosuit


def _document(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    assert (done.returncode, done.stderr) == (0, b""), done
    found: dict[str, Any] = json.loads(done.stdout)
    schema = (resources.files("exosuit_cli.report") / "schemas" / "context.schema.json").read_text()
    Draft202012Validator(json.loads(schema)).validate(found)
    return found


def test_embed_refresh_and_remove(tmp_path: Path, run: RunExosuit) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for place in range(9):
        (tree / f"{place}.py").write_text(f"def part{place}():\n    return engine(wheel, {place})\n")
    assert run("context", "load", tree, "--quiet").returncode == 0
    first = _document(run("context", "embed", "--json"))
    assert (first["vectors"], first["embedded"], first["given"], first["codec"]) == (9, 9, "lsa", "int8")
    (tree / "9.py").write_text("def brake():\n    return wheel\n")
    assert run("context", "load", "--quiet").returncode == 0
    asked = run("query", "wheel", tree, "--json", "--explain")
    found = json.loads(asked.stdout)
    warning = "1 chunk of the context has no vector; to embed what is new: exosuit context embed --name tree"
    assert (asked.returncode, found["warnings"]) == (0, [warning])
    assert all(each["signals"]["vectors"] > 0 for each in found["results"] if each["path"] != "9.py")
    again = run("context", "embed")
    assert again.returncode == 0
    assert b"embedded    1 chunk " in again.stdout
    assert b"10 vectors" in again.stdout
    assert first["model"].encode() in again.stdout
    assert run("context", "embed", "--remove").stdout == b"tree: 10 vectors deleted\n"
    state = os.path.join(os.environ["XDG_STATE_HOME"], "exosuit", "contexts", "tree.search")
    assert not [name for name in os.listdir(state) if name.endswith((".model", ".matrix"))]
    done = run("context", "embed", "--remove", "--anew")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (2, b"", 1), done
    assert b"the name of the context alone" in done.stderr


def test_a_model_that_is_not_accepted(tmp_path: Path) -> None:
    with Context.open("tree", create=True) as context:
        context.load(tmp_path)
    (tmp_path / "empty").mkdir()
    save_file({}, tmp_path / "empty" / "model.safetensors")
    for model, codec, said in (
        ("minishlab/potion", None, "nothing is downloaded"),
        (str(tmp_path / "empty"), None, "layout that is not known"),
        ("https://", None, "no URL"),
        ("lsa", "int4", "accepted: fp32, fp16, int8"),
        ("lsa", None, "no chunk to embed"),
    ):
        with pytest.raises(UsageError, match=said):
            embed_context("tree", model, codec)
