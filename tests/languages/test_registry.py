"""The language of a file by its name, its first line, its modelines and its content."""

from __future__ import annotations

import runpy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.languages import LANGUAGES, MARKS, claim_of_name, language_of, names_a_program, rules, table
from exosuit_cli.languages.modes import MODES, PROGRAMMING

if TYPE_CHECKING:
    from pathlib import Path


def told(name: str, content: bytes = b"") -> str:
    head = content[:8192]
    return LANGUAGES[language_of(claim_of_name(name.encode()), head, is_whole=len(content) < 8192)]


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
        ("x.mts", "TypeScript"),
        ("x.tsx", "TSX"),
        ("x.js", "JavaScript"),
        ("x.jsx", "JavaScript"),
        ("x.svelte", "Svelte"),
        ("x.astro", "Astro"),
        ("x.vue", "Vue"),
        ("x.mdx", "MDX"),
        ("x.go", "Go"),
        ("go.mod", "Go Module"),
        ("go.sum", "Go Checksums"),
        ("x.kt", "Kotlin"),
        ("x.gradle.kts", "Gradle Kotlin DSL"),
        ("x.csproj", "XML"),
        ("x.tf", "HCL"),
        ("x.tfvars", "HCL"),
        ("Cargo.lock", "TOML"),
        ("poetry.lock", "TOML"),
        ("Pipfile.lock", "JSON"),
        ("package.json", "JSON"),
        ("tsconfig.json", "JSON with Comments"),
        ("x.ipynb", "Jupyter Notebook"),
        ("x.S", "Unix Assembly"),
        ("x.asm", "Assembly"),
        ("x.pl", "Perl"),
        ("x.r", "R"),
        ("x.R", "R"),
        ("x.m", "MATLAB"),
        ("x.sh", "Shell"),
        ("x.md", "Markdown"),
        ("x.rst", "reStructuredText"),
        ("x.rst.txt", "reStructuredText"),
        ("x.dts", "Devicetree"),
        ("README", "Text"),
        ("README.md", "Markdown"),
        ("README.unknown", "Text"),
        ("LICENSE-MIT", "Text"),
        ("CHANGELOG", "Text"),
        ("Makefile", "Makefile"),
        ("Makefile.am", "Makefile"),
        ("Makefile.debug", "Makefile"),
        ("GNUmakefile", "Makefile"),
        ("CMakeLists.txt", "CMake"),
        ("notes.txt", "Text"),
        ("Dockerfile", "Dockerfile"),
        ("Dockerfile.prod", "Dockerfile"),
        ("prod.Dockerfile", "Dockerfile"),
        ("Containerfile", "Dockerfile"),
        ("Containerfile.dev", "Dockerfile"),
        ("Jenkinsfile", "Groovy"),
        ("Jenkinsfile.release", "Groovy"),
        ("Vagrantfile", "Ruby"),
        ("Rakefile", "Ruby"),
        ("BUILD", "Starlark"),
        ("BUILD.bazel", "Starlark"),
        ("x.bzl", "Starlark"),
        ("WORKSPACE", "Starlark"),
        (".gitignore", "Ignore List"),
        (".dockerignore", "Ignore List"),
        (".gitattributes", "Git Attributes"),
        (".editorconfig", "EditorConfig"),
        (".env.local", "Dotenv"),
        ("Kconfig", "Kconfig"),
        ("Kconfig.debug", "Kconfig"),
        ("settings.py.in", "Python"),
        ("config.yaml.example", "YAML"),
        ("a.in", ""),
        ("page.html.j2", "Jinja"),
        ("x.unknown-extension", ""),
        ("x.", ""),
        (".", ""),
        ("py", ""),
        ("", ""),
        (".in.in.in.in.in", ""),
        ("\N{SNOWMAN}.py", "Python"),
    ],
)
def test_names(name: str, language: str) -> None:
    assert told(name) == language


@pytest.mark.parametrize(
    ("line", "language"),
    [
        (b"#!/bin/sh\necho", "Shell"),
        (b"#!/bin/sh -e\n", "Shell"),
        (b"#! /bin/bash\r\n", "Shell"),
        (b"#!/usr/bin/python3.12\n", "Python"),
        (b"#!/usr/bin/python3.13t\n", "Python"),
        (b"#!/usr/bin/env python3\n", "Python"),
        (b"#!/usr/bin/env -S python3 -u\n", "Python"),
        (b"#!/usr/bin/env -Spython3 -u\n", "Python"),
        (b"#!/usr/bin/env --split-string=python3 -u\n", "Python"),
        (b"#!/usr/bin/env -u HOME python3\n", "Python"),
        (b"#!/usr/bin/env -i LANG=C /opt/bin/ruby2.7 -w\n", "Ruby"),
        (b"#!/usr/bin/env -S uv run --script\n", "Python"),
        (b"#!/usr/bin/env pypy3\n", "Python"),
        (b"#!/usr/bin/env pypy3.10\n", "Python"),
        (b"#!/usr/bin/env pwsh\n", "PowerShell"),
        (b"#!/usr/bin/env julia\n", "Julia"),
        (b"#!/usr/bin/env bun\nconsole.log(1)\n", "JavaScript"),
        (b"#!/usr/bin/env bun\nconst x: string = 'a';\n", "TypeScript"),
        (b"#!/usr/bin/env -S deno run --allow-net\n", "TypeScript"),
        (b"#!/usr/bin/env npx ts-node\n", "TypeScript"),
        (b"#!/usr/bin/lua5.4\n", "Lua"),
        (b"#!/usr/bin/env php8.2\n", "PHP"),
        (b"#!/usr/bin/guile-3.0 -s\n", "Scheme"),
        (b"#!/usr/bin/tclsh8.6\n", "Tcl"),
        (b"#!/usr/bin/gawk -f\n", "Awk"),
        (b"#!/usr/bin/env fish\n", "fish"),
        (b"#!/usr/bin/env nu\n", "Nushell"),
        (b"#!/usr/bin/env nix-shell\n#! nix-shell -i bash -p curl\n", "Shell"),
        (b"#!/usr/bin/osascript -l JavaScript\n", "JavaScript"),
        (b'#!/bin/sh\n# the next line is Tcl \\\nexec tclsh "$0" "$@"\n', "Tcl"),
        (b"#!/bin/busybox sh\n", "Shell"),
        (b"\xef\xbb\xbf#!/usr/bin/env python3\n", "Python"),
        (b"#!\t/usr/local/bin/node", "JavaScript"),
        (b"#!python", "Python"),
        (b"#!C:\\Python\\python.exe\r\n", "Python"),
        (b"#!/usr/bin/env\npython", ""),
        (b"#!\n/bin/sh", ""),
        (b"#!", ""),
        (b"", ""),
        (b"# !/bin/sh", ""),
        (b"\n#!/bin/sh", ""),
        (b"#!/bin/unknown", ""),
        (b"#!/bin/\xff\xfe", ""),
        (b"<?xml version='1.0'?>\n<a/>", "XML"),
        (b"<!DOCTYPE html>\n<p>", "HTML"),
    ],
)
def test_first_lines(line: bytes, language: str) -> None:
    assert told("tool", line) == language


def test_the_order_is_that_of_linguist() -> None:
    assert told("x.py", b"#!/bin/sh\n") == "Shell"
    assert told("Makefile", b"#!/bin/sh\n") == "Makefile"
    assert told("Makefile", b"# -*- python -*-\n") == "Python"
    assert told("x.ts", b"#!/usr/bin/env node\n") == "TypeScript"
    assert told("x.rs", b"#![allow(dead_code)]\nfn main() {}\n") == "Rust"


@pytest.mark.parametrize(
    ("content", "language"),
    [
        (b"/* -*- C++ -*- */\n", "C++"),
        (b"/* -*- mode: c++; tab-width: 4 -*- */\n", "C++"),
        (b"/* -*- Mode:objc;coding: utf-8 -*- */\n", "Objective-C"),
        (b"/* -*- linux-c -*- */\n", "C"),
        (b"/* -*- coding: utf-8 -*- */\n", "C"),
        (b"/* -*- mode: nothing-known -*- */\n", "C"),
        (b"// vim: ft=cpp\n", "C++"),
        (b"// vim: set ts=4 ft=cpp :\n", "C++"),
        (b"// vim: set ts=4 ft=cpp\n", "C"),
        (b"// vim: ts=4:filetype=objc:sw=4\n", "Objective-C"),
        (b"/* vi: set syntax=cuda: */\n", "Cuda"),
        (b"// ex: ft=cpp\n", "C++"),
        (b"// lex: ft=cpp\n", "C"),
        (b"int a;\n" * 20 + b"// vim: ft=cpp\n", "C++"),
        (b"int a;\n" * 20 + b"// vim: ft=cpp\n" + b"int b;\n" * 10, "C"),
        (b"int a;\n" * 2000 + b"// vim: ft=cpp\n", "C"),
        (b"//\n" * 6 + b"// -*- C++ -*-\n" + b"//\n" * 6, "C"),
    ],
)
def test_modelines(content: bytes, language: str) -> None:
    assert told("x.h", content) == language


@pytest.mark.parametrize(
    ("name", "content", "language"),
    [
        ("x.r", b"x <- c(1, 2)\n", "R"),
        ("x.r", b'REBOL [Title: "x"]\n', "Rebol"),
        ("x.cls", b"public with sharing class A {\n}\n", "Apex"),
        ("x.cls", b"\\NeedsTeXFormat{LaTeX2e}\n\\ProvidesClass{a}\n", "TeX"),
        ("x.cls", b'VERSION 1.0 CLASS\nBEGIN\n  MultiUse = -1\nEND\nAttribute VB_Name = "A"\n', "VBA"),
        ("x.inc", b"<?php\necho 1;\n", "PHP"),
        ("x.inc", b"#include <a.h>\n#define X 1\n", "C++"),
        ("x.inc", b'SUMMARY = "a"\nSRC_URI = "file://a"\n', "BitBake"),
        ("x.inc", b"nothing known here\n", ""),
        ("x.module", b"<?php\nfunction a_menu() {}\n", "PHP"),
        ("x.module", b'{"name": 1}\n', "JSON"),
        ("x.module", b"nothing known here\n", ""),
        ("x.ts", b'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1">\n', "XML"),
        ("x.ts", b'<!DOCTYPE TS>\n<TS version="2.1" language="de">\n', "XML"),
        ("x.ts", b"const a: number = 1;\n", "TypeScript"),
        ("GPL-1.2", b"GNU GENERAL PUBLIC LICENSE\n", "Text"),
        ("part.3", b"and so it goes on\n", "Text"),
        ("git.1", b".TH GIT 1\n.SH NAME\n", "Roff Manpage"),
        ("git.1", b'.\\" a comment\n.de XX\n..\n', "Roff"),
        ("ssl.3ssl", b".TH ssl 3ssl\n", "Roff Manpage"),
        ("x.m", b"% a comment\nfunction y = f(x)\n", "MATLAB"),
        ("x.m", b"#import <Foundation/Foundation.h>\n@implementation A\n@end\n", "Objective-C"),
        ("x.m", b"(* a comment *)\nf[x_] := x + 1\n", "Wolfram Language"),
        ("x.m", b":- module a.\n:- interface.\n", "Mercury"),
        ("x.h", b"#ifndef A\nstruct a { int b; };\n#endif\n", "C"),
        ("x.h", b"/* Use class A, namespace b, std\n */\nint a(void);\n", "C"),
        ("x.h", b"#pragma once\n#include <string>\nstd::string a();\n", "C++"),
        ("x.h", b"#pragma once\nclass A {\npublic:\n    int b;\n};\n", "C++"),
        ("x.h", b"class A;\n", "C++"),
        ("x.h", b"#pragma once\r\nnamespace a {\r\nint b();\r\n}\r\n", "C++"),
        ("x.h", b"template <typename T>\nT max(T a, T b);\n", "C++"),
        ("x.h", b"#pragma once\nenum class A { b };\n", "C++"),
        ("x.h", b'#ifdef __cplusplus\nextern "C" {\n#endif\nint a(void);\n', "C"),
        ("x.h", b"#import <Cocoa/Cocoa.h>\n@interface A : NSObject\n@end\n", "Objective-C"),
        ("x.h", b"/** @param a\n * @class b */\nint a(int);\n", "C"),
        ("x.pl", b"use strict;\nmy $a = 1;\n", "Perl"),
        ("x.pl", b":- module(a, []).\nb(X) :- c(X).\n", "Prolog"),
        ("x.t", b"use Test::More;\nok(1);\n", "Perl"),
        ("x.v", b"module a(input b);\nendmodule\n", "Verilog"),
        ("x.v", b"Require Import List.\nLemma a : True.\nProof. auto. Qed.\n", "Rocq Prover"),
        ("x.v", b"fn main() {\n\tprintln('a')\n}\n", "V"),
        ("x.sql", b"SELECT 1;\n", "SQL"),
        ("x.sql", b"CREATE FUNCTION a() RETURNS int AS $$\nBEGIN RETURN 1; END;\n$$ LANGUAGE plpgsql;\n", "PLpgSQL"),
        ("x.rs", b"fn main() {}\n", "Rust"),
        ("x.d", b"module a;\nimport std.stdio;\n", "D"),
        ("x.d", b"a.o: a.c \\\n  a.h\n", "Makefile"),
        ("x.fs", b"module A\nlet b = 1\n", "F#"),
        ("x.fs", b"#version 330\nvoid main() {}\n", "GLSL"),
        ("x.pp", b"class a {\n  file { '/a': ensure => present }\n}\n", "Puppet"),
        ("x.pro", b"QT += core\nSOURCES += a.cpp\n", "QMake"),
        ("x.md", b"# A title\n\ntext\n", "Markdown"),
        ("x.json", b'{"openapi": "3.0.0"}\n', "OASv3-json"),
        ("x.tex", b"\\documentclass{article}\n", "TeX"),
        ("x.yml", b"a: 1\n", "YAML"),
        ("x.service", b"[Unit]\nDescription=a\n", "INI"),
        ("x.service", b"import a\nclass B: pass\n", ""),
    ],
)
def test_shared_extensions(name: str, content: bytes, language: str) -> None:
    assert told(name, content) == language


def test_every_shared_extension_has_rules_and_they_know_its_languages() -> None:
    keyed = {key.encode(): chosen for keys, chosen in rules.RULES.items() for key in keys.split()}
    for key, claimed in (*table.EXTENSIONS.items(), *table.NAMES.items()):
        if isinstance(claimed, tuple):
            assert key in keyed, key
            left_out = set(claimed) - {rule.language for rule in keyed[key]}
            assert not left_out, (key, left_out)


def test_rules_end_and_name_languages_that_exist() -> None:
    for keys, chosen in rules.RULES.items():
        assert {rule.language for rule in chosen} <= set(LANGUAGES), keys
        assert not chosen[-1].pattern, f"{keys}: the last rule holds in any case"
        assert not chosen[-1].unless, keys


def test_every_table_names_languages_that_exist() -> None:
    for claims in (table.EXTENSIONS, table.NAMES, table.INTERPRETERS):
        for claimed in claims.values():
            assert {claimed} <= set(LANGUAGES) if isinstance(claimed, str) else set(claimed) <= set(LANGUAGES)
    assert set(MODES.values()) <= set(LANGUAGES)
    assert set(PROGRAMMING) <= set(LANGUAGES)


def test_a_header_in_another_language_has_a_word_that_is_looked_for() -> None:
    for rule in rules.RULES[".h"][:-1]:
        assert rule.needs
        assert all(len(word) > 1 for word in rule.needs)
    assert all(mark == b"-*-" or mark.endswith(b":") for mark in MARKS)


@pytest.mark.parametrize(
    "unit", [b" ", b"\n", b"\t", b"a", b"a ", b"(", b"a(", b"#", b"<", b"a:", b"/", b"-", b"\\", b"%a", b".a "]
)
def test_hostile_content_has_an_answer(unit: bytes) -> None:
    content = (unit * 8192)[:8192]
    answers = {keys: rules.decide(keys, content) for keys in rules.RULES if keys}
    assert answers
    assert {keys: answer for keys, answer in answers.items() if answer not in LANGUAGES} == {}


@given(st.binary(max_size=40), st.binary(max_size=256))
@settings(deadline=None)
def test_any_bytes_have_an_answer(name: bytes, head: bytes) -> None:
    for start in (b"", b"#!", b"-*-", b" vim: ft="):
        assert 0 <= language_of(claim_of_name(name), start + head, is_whole=True) < len(LANGUAGES)


def test_names_of_programs() -> None:
    assert names_a_program(b"a.c")
    assert names_a_program(b"a.h")
    assert names_a_program(b"Makefile")
    assert not names_a_program(b"a.md")
    assert not names_a_program(b"a.json")
    assert not names_a_program(b"a.bin")


LINGUIST = """---
C:
  type: programming
  color: "#555555"
  extensions:
  - ".c"
  - ".h"
  aliases:
  - see
C++:
  type: programming
  extensions:
  - ".cpp"
  - ".h"
  interpreters:
  - cling
Some Text:
  type: prose
  wrap: true
  filenames:
  - READ.ME
"""


def test_the_tables_are_what_the_script_makes(project: Path, tmp_path: Path) -> None:
    data = tmp_path / "lib" / "linguist"
    data.mkdir(parents=True)
    (data / "VERSION").write_text("1.2.3\n")
    (data / "languages.yml").write_text(LINGUIST)
    script = runpy.run_path(str(project / "scripts" / "export_languages.py"))
    made: dict[str, Any] = {}
    for text in script["tables"](tmp_path).values():
        exec(text, made)
    assert made["LINGUIST_VERSION"] == "1.2.3"
    assert {"", "C", "C++", "Some Text"} <= set(made["LANGUAGES"])
    assert made["EXTENSIONS"][b".h"] == ("C", "C++")
    assert made["EXTENSIONS"][b".cpp"] == "C++"
    assert made["NAMES"][b"READ.ME"] == "Some Text"
    assert made["INTERPRETERS"][b"cling"] == "C++"
    assert made["MODES"][b"see"] == "C"
    assert made["MODES"][b"some-text"] == "Some Text"
    assert "Some Text" not in made["PROGRAMMING"]
    for name in ("table.py", "modes.py"):
        assert "made by scripts/export_languages.py" in (project / "exosuit_cli" / "languages" / name).read_text()
