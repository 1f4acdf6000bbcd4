"""What documents a definition that an assignment makes is one with it, and each name that it gets is one of its own."""

from __future__ import annotations

import numpy as np
import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.syntax.columns import columns_of
from exosuit_cli.syntax.tree import SyntaxTree

JSDOC = "/**\n * Says what it does.\n */\n"
BODY = "".join(f"  call(a, {number});\n" for number in range(12))


def cut(text: str, language: str, cap: int = 128, boundaries: str = "ast") -> list[tuple[str, str, str | None]]:
    """The first line, the boundary and the symbol of each chunk."""
    options = ChunkOptions(max_tokens=cap, min_tokens=0, boundaries=boundaries)
    chunks = chunk_text(text, language=language, options=options)
    assert chunks.fallback is None
    records = chunks.records(text.encode())
    return [(each.text.strip("\n").split("\n", 1)[0], each.boundary, each.symbol) for each in records]


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize(
    ("language", "head", "end", "symbol"),
    [
        ("JavaScript", "res.status = function status(a) {", "};", "res.status"),
        ("JavaScript", "exports.f = (a) => {", "};", "exports.f"),
        ("JavaScript", "X.prototype.f = function (a) {", "};", "X.prototype.f"),
        ("JavaScript", "module.exports = class A { f(a) {", "} };", "module.exports"),
        ("JavaScript", "const f = (a) => {", "};", "f"),
        ("JavaScript", "function f(a) {", "}", "f"),
        ("TypeScript", "export const f = (a: A) => {", "};", "f"),
        ("TypeScript", "exports.f = function (a: A) {", "};", "exports.f"),
    ],
)
def test_a_document_comment_is_one_with_what_it_documents(
    language: str, head: str, end: str, symbol: str, gap: str
) -> None:
    first = f"var before = 1;\n{BODY}\n"
    found = cut(first + JSDOC + gap + head + "\n" + BODY + end + "\n", language, cap=128)
    assert found[1:] == [("/**", "definition", symbol)]


def test_a_comment_of_another_form_or_further_away_is_no_document() -> None:
    for lead in ("// Helpers.\n\n", "/* Helpers. */\n\n", f"{JSDOC}\n\n"):
        found = cut(f"var before = 1;\n{BODY}\n{lead}a.f = function (a) {{\n{BODY}}};\n", "JavaScript", cap=112)
        assert found[-1][0] == "a.f = function (a) {"


@pytest.mark.parametrize(
    ("language", "lead", "head", "end", "symbol"),
    [
        ("Lua", "--- Says what it does.\n", "M.f = function(a)", "end", "M.f"),
        ("Python", "#: Says what it holds.\n", "LIMITS = [", "]", "LIMITS"),
    ],
)
def test_a_comment_right_above_an_assignment_is_one_with_it(
    language: str, lead: str, head: str, end: str, symbol: str
) -> None:
    line = "  call(a, {})\n" if language == "Lua" else "    call(a, {}),\n"
    body = "".join(line.format(number) for number in range(12))
    before = "call(a, 1)\n" * 14
    assert cut(f"{before}\n{lead}{head}\n{body}{end}\n", language)[1:] == [(lead.rstrip(), "definition", symbol)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b =\na.c = function () {\n  return 1\n}\n", ["a.b 1", "a.c 2"]),
        ("a.b = a.c = function () {\n  return 1\n}\n", ["a.b 1", "a.c 1"]),
        ("a.b =\na.c = {\n  f: function () {}\n}\n", ["a.b 1", "a.c 2", "a.b.f 3"]),
        ("var app = exports =\n  module.exports = {}\n", ["app 1", "exports 1", "module.exports 2"]),
        ("export const app =\n  exports.x = () => 1\n", ["app 1", "exports.x 2"]),
        ("function f() {\n  const own =\n  exports.x = function () {}\n}\n", ["f 1", "f.own 2", "f.exports.x 3"]),
    ],
)
@pytest.mark.parametrize("language", ["JavaScript", "TypeScript"])
def test_a_value_of_several_names_has_each_by_itself(language: str, text: str, names: list[str]) -> None:
    found = columns_of(SyntaxTree.parse(text.encode(), language)).defined(np.array([text.count("\n")]))
    assert [f"{name} {line}" for name, line in zip(found.names, found.lines.tolist(), strict=True)] == names


@pytest.mark.parametrize(
    ("language", "text", "symbol"),
    [
        ("Python", "__docformat__ = 'x'\n\n\nclass A:\n    def f(self):\n        return 1\n\n\nB = 2\n", "A"),
        ("Python", "import a\n\nLIMIT = 1\n\n\ndef f():\n    return 1\n", "f"),
        ("Python", "import a\n\nLIMIT = 1\nOTHER = 2\n", "LIMIT"),
        ("JavaScript", "const a = 1;\nconst b = 2;\n\nres.f = function () {\n  return a;\n};\n", "res.f"),
        ("JavaScript", "import x from 'x';\nconst a = {\n  f() {\n    return 1;\n  },\n};\nconst b = 2;\n", "a"),
        ("TypeScript", "export const a = 1;\nexport interface B {\n  c: string;\n}\n", "B"),
        ("Go", "package a\n\nconst b = 1\n\ntype T struct {\n\tc int\n}\n", "T"),
        ("Rust", "const A: u8 = 1;\n\nfn f() {\n    g();\n}\n", "f"),
    ],
)
def test_a_constant_names_a_chunk_only_where_nothing_of_more_weight_begins(
    language: str, text: str, symbol: str
) -> None:
    assert [each[2] for each in cut(text, language, cap=512)] == [symbol]


@pytest.mark.parametrize("gap", ["", "\n"])
@pytest.mark.parametrize("document", [JSDOC, "/** Says what it does. */\n"])
@pytest.mark.parametrize(
    ("language", "head", "end", "symbol"),
    [
        ("JavaScript", "res.status = function status(a) {", "};", "res.status"),
        ("JavaScript", "function f(a) {", "}", "f"),
        ("Java", "class A { void f(int a) {", "} }", "A"),
        ("Rust", "fn f(a: u8) {", "}", "f"),
        ("C", "static int f(int a)\n{", "}", "f"),
    ],
)
def test_by_structure_a_document_comment_is_one_with_what_it_documents(
    language: str, head: str, end: str, symbol: str, document: str, gap: str
) -> None:
    first = f"int before = 1;\n{BODY}\n"
    text = first + document + gap + head + "\n" + BODY + end + "\n"
    found = cut(text, language, cap=128, boundaries="structure")
    assert found[1:] == [("/**" if document == JSDOC else document.strip(), "definition", symbol)]


def test_by_structure_another_comment_a_blank_line_away_is_no_document() -> None:
    for lead in ("// Helpers.\n\n", "/* Helpers. */\n\n", f"{JSDOC}\n\n", "a */\n\n"):
        text = f"var before = 1;\n{BODY}\n{lead}a.f = function (a) {{\n{BODY}}};\n"
        assert cut(text, "JavaScript", cap=112, boundaries="structure")[-1][0] == "a.f = function (a) {"
