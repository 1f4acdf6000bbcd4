"""Signatures and outlines of single texts; the ranks of files; the clipboard."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.pack.outline import outline, signatures
from exosuit_cli.pack.ranks import LAST, LEAD, OTHER, SOURCE, TEST, rank
from exosuit_cli.system.clipboard import find_clipboard

if TYPE_CHECKING:
    from pathlib import Path

_PYTHON = b'''"""Doc."""
import os
LIMIT = 3
@decorated
class A(B):
    """A class."""
    size: int = 0
    def one(self, x: int) -> int:
        """One."""
        y = x
        return y
    async def two(self):
        return [
            1]
def short(): return 1
'''


def test_signatures_of_python() -> None:
    assert signatures(_PYTHON, "Python") == (
        b'"""Doc."""\nimport os\nLIMIT = 3\n@decorated\nclass A(B):\n    """A class."""\n    size: int = 0\n'
        b'    def one(self, x: int) -> int:\n        """One."""\n        ...\n    async def two(self):\n        ...\n'
        b"def short(): return 1\n"
    )


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("C", b"struct s {\n\tint a;\n\tint b;\n};\n/* Doc. */\nint f(int a)\n{\n\ta++;\n\treturn a;\n}\n",
         b"struct s {\n\tint a;\n\tint b;\n};\n/* Doc. */\nint f(int a)\n{ ... }\n"),
        ("Go", b"package p\n\n// F does.\nfunc F(a int) int {\n\ta++\n\treturn a\n}\n",
         b"package p\n\n// F does.\nfunc F(a int) int { ... }\n"),
        ("JavaScript", b"export const f = (a) => {\n  a++\n  a++\n}\nclass A {\n  m(b) {\n    b++\n    b++\n  }\n}\n",
         b"export const f = (a) => { ... }\nclass A {\n  m(b) { ... }\n}\n"),
        ("Rust", b"trait T {\n    fn a(&self);\n}\nimpl T for S {\n    fn a(&self) {\n        b();\n    }\n}\n",
         b"trait T {\n    fn a(&self);\n}\nimpl T for S {\n    fn a(&self) { ... }\n}\n"),
        ("Java", b"class A {\n  int x;\n  A() {\n    x = 1;\n    x = 2;\n  }\n}\n",
         b"class A {\n  int x;\n  A() { ... }\n}\n"),
        ("Text", b"words\n", None),
        ("Python", b"def broken(:\n", None),
        ("JSON", b'{"a": 1}\n', None),
    ],
)  # fmt: skip
def test_signatures_of_others(language: str, text: bytes, wanted: bytes | None) -> None:
    assert signatures(text, language) == wanted


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        ("Python", _PYTHON, b"A: one, two\nshort\n"),
        ("Markdown", b"# A\n\ntext\n\n## B\n\n# C\n", b"# A\n## B\n# C\n"),
        ("reStructuredText", b"Title\n=====\n\nSome words.\n\nNext\n----\n\nMore.\n", b"Title\nNext\n"),
        ("", b"", None),
    ],
)
def test_outlines(language: str, text: bytes, wanted: bytes | None) -> None:
    assert outline(text, language) == wanted


@pytest.mark.parametrize(
    ("path", "language", "wanted"),
    [
        ("README.md", "Markdown", LEAD),
        ("packages/a/package.json", "JSON", OTHER),
        ("package.json", "JSON", LEAD),
        ("sub/README.md", "Markdown", OTHER),
        ("Makefile", "Makefile", OTHER),
        ("src/a.py", "Python", SOURCE),
        ("docs/conf.py", "Python", OTHER),
        ("a.yaml", "YAML", OTHER),
        ("tests/a.py", "Python", TEST),
        ("src/a.test.ts", "TypeScript", TEST),
        ("yarn.lock", "", LAST),
        ("vendor/a.go", "Go", LAST),
        ("a.min.js", "JavaScript", LAST),
        ("CHANGES.rst", "reStructuredText", LAST),
        ("LICENSE", "Text", LAST),
    ],
)
def test_ranks(path: str, language: str, wanted: int) -> None:
    assert rank(path.encode(), language) == wanted


def test_the_clipboard_is_what_the_system_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":9")
    with pytest.raises(ResourceMissing, match="no clipboard here"):
        find_clipboard(None)
    program = tmp_path / "xclip"
    program.write_text(f"#!/bin/sh\nexec /bin/cat > {tmp_path}/copied\n")
    program.chmod(stat.S_IRWXU)
    find_clipboard(None).copy(b"a pack\n")
    assert (tmp_path / "copied").read_bytes() == b"a pack\n"
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal, os.fdopen(ours, "rb") as reader:
        program.unlink()
        find_clipboard(terminal).copy(b"a pack\n")
        assert reader.read(20).startswith(b"\x1b]52;c;YSBwYWNrCg==")
