"""The files of a profile: whole, compressed where the name says so, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.model.errors import OutputError
from exosuit_cli.report.profile.files import write_profile_files
from exosuit_cli.report.profile.trace import write_trace
from tests.measure.profile.profiles import profile

if TYPE_CHECKING:
    from pathlib import Path


def test_every_file_is_written_and_compressed_by_its_name(tmp_path: Path) -> None:
    names = {"trace": "trace.json.gz", "speedscope": "speedscope.json", "html": "page.html"}
    write_profile_files(profile(), **{kind: str(tmp_path / name) for kind, name in names.items()})
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(names.values())
    stream = io.BytesIO()
    write_trace(profile(), stream)
    packed = (tmp_path / "trace.json.gz").read_bytes()
    assert gzip.decompress(packed) == stream.getvalue()
    assert "profiles" in json.loads((tmp_path / "speedscope.json").read_bytes())
    assert (tmp_path / "page.html").read_bytes().startswith(b"<!doctype html>")
    write_profile_files(profile(), trace=str(tmp_path / "again.gz"))
    assert (tmp_path / "again.gz").read_bytes() == packed


def test_a_file_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="none"):
        write_profile_files(profile(), trace=str(tmp_path / "none" / "trace.json"))
    write_profile_files(profile())
    assert not list(tmp_path.iterdir())
