"""The language of a file by name, extension and shebang."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING

import pygments
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pygments.lexers import find_lexer_class_for_filename

from exosuit_cli.languages import LANGUAGES, language_of_name, language_of_shebang, table

if TYPE_CHECKING:
    from pathlib import Path


def named(name: str) -> str:
    return LANGUAGES[language_of_name(name.encode())]


def started(line: bytes) -> str:
    return LANGUAGES[language_of_shebang(line)]


def test_languages_are_a_sorted_set_with_unknown_first() -> None:
    assert LANGUAGES[0] == ""
    assert list(LANGUAGES) == sorted(set(LANGUAGES))
    assert len(LANGUAGES) < 1 << 16, "a language is a uint16 in a row"


@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("main.py", "Python"),
        ("a.b.c.py", "Python"),
        (".py", "Python"),
        ("MAIN.PY", "Python"),
        ("x.h", "C"),
        ("x.H", "C++"),
        ("x.c", "C"),
        ("x.C", "C++"),
        ("x.cpp", "C++"),
        ("x.rs", "Rust"),
        ("x.ts", "TypeScript"),
        ("x.tsx", "TSX"),
        ("x.js", "JavaScript"),
        ("x.go", "Go"),
        ("go.mod", "Go Module"),
        ("x.m", "Objective-C"),
        ("x.S", "Assembly"),
        ("x.pl", "Perl"),
        ("x.sh", "Shell"),
        ("x.md", "Markdown"),
        ("README", "Text"),
        ("README.md", "Markdown"),
        ("Makefile", "Makefile"),
        ("Makefile.am", "Makefile"),
        ("CMakeLists.txt", "CMake"),
        ("notes.txt", "Text"),
        ("Dockerfile", "Dockerfile"),
        ("Kconfig", "Kconfig"),
        ("Kconfig.debug", "Kconfig"),
        ("git.1", "Groff"),
        ("page.html.j2", "HTML+Django/Jinja"),
        ("x.unknown-extension", ""),
        ("x.", ""),
        (".", ""),
        ("py", ""),
        ("", ""),
        ("\N{SNOWMAN}.py", "Python"),
    ],
)
def test_names(name: str, language: str) -> None:
    assert named(name) == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/bin/sh\necho", "Shell"),
        (b"#!/bin/sh -e\n", "Shell"),
        (b"#! /bin/bash\r\n", "Shell"),
        (b"#!/usr/bin/python3.12\n", "Python"),
        (b"#!/usr/bin/env python3\n", "Python"),
        (b"#!/usr/bin/env -S python3 -u\n", "Python"),
        (b"#!/usr/bin/env -i LANG=C /opt/bin/ruby2.7 -w\n", "Ruby"),
        (b"#!\t/usr/local/bin/node", "JavaScript"),
        (b"#!python", "Python"),
        (b"#!/usr/bin/env\npython", ""),
        (b"#!\n/bin/sh", ""),
        (b"#!", ""),
        (b"", ""),
        (b"# !/bin/sh", ""),
        (b"\n#!/bin/sh", ""),
        (b"#!/bin/unknown", ""),
        (b"#!/bin/\xff\xfe", ""),
    ],
)
def test_shebangs(line: bytes, language: str) -> None:
    assert started(line) == language


@given(st.binary(max_size=40), st.binary(max_size=256))
@settings(deadline=None)
def test_any_bytes_have_an_answer(name: bytes, head: bytes) -> None:
    assert 0 <= language_of_name(name) < len(LANGUAGES)
    assert 0 <= language_of_shebang(head) < len(LANGUAGES)
    assert 0 <= language_of_shebang(b"#!" + head) < len(LANGUAGES)


def test_the_table_is_what_the_script_makes(project: Path) -> None:
    if pygments.__version__ != table.PYGMENTS_VERSION:
        pytest.skip(f"the table is of Pygments {table.PYGMENTS_VERSION}, and {pygments.__version__} is installed")
    made: dict[str, object] = {}
    exec(runpy.run_path(str(project / "scripts" / "export_languages.py"))["table"](), made)
    for name in ("PYGMENTS_VERSION", "EXTENSIONS", "NAMES", "PATTERNS"):
        assert made[name] == getattr(table, name), name


def test_most_extensions_are_those_of_pygments() -> None:
    """An oracle with opinions of its own: it breaks ties by reading the file, so only most can agree."""
    other = {"Text only": "Text", "S": "R", "GAS": "Assembly", "verilog": "Verilog", "Bash": "Shell"}
    agreed = 0
    for extension, language in table.EXTENSIONS.items():
        found = find_lexer_class_for_filename("name" + extension.decode())
        agreed += found is not None and other.get(found.name, found.name) == language
    assert agreed > 0.85 * len(table.EXTENSIONS)
