"""Lines that define something, and what encloses a line."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from context.stores import load, source
from trees import write

from exosuit_cli.context import Context
from exosuit_cli.search.breadcrumb import breadcrumb_of, lines_of
from exosuit_cli.search.definitions import Enclosing, definition_at, is_declaration

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("def foo(self):", "foo"),
        ("    async def bar(x):", "bar"),
        ("class A(B):", "A"),
        ("class Foo < Bar", "Foo"),
        ("static int foo(struct x *y,", "foo"),
        ("struct net_device *dev_get(struct net *net)", "dev_get"),
        ("static const struct file_operations ops = {", "ops"),
        ("typedef struct foo {", "foo"),
        ("void Foo::bar(int a) const {", "Foo::bar"),
        ("    public static final Map<String, Integer> run(int x) {", "run"),
        ("func (s *Server) Serve(l net.Listener) error {", "Serve"),
        ("type Foo struct {", "Foo"),
        ("pub(crate) fn new<T>(x: T) -> Self {", "new"),
        ("impl<T> Foo for Bar<T> {", "Bar"),
        ("export const f = async (x) => {", "f"),
        ("export default function App() {", "App"),
        ("#define FOO(x) 1", "FOO"),
        ("(defn foo [x]", "foo"),
        ("CREATE TABLE IF NOT EXISTS foo (", "foo"),
        ("install_it() {", "install_it"),
        ("defmodule A.B do", "A.B"),
        ("if (x) {", None),
        ("    } else if (x) {", None),
        ("    return foo(a)", None),
        ("foo(1);", None),
        ("    x = foo(1)", None),
        ("// def foo(self):", None),
        (" * class of its own {", None),
        ("    class of the objects that", None),
        ("struct foo x;", None),
        ("\t    atomic_read(&sk->sk_omem_alloc) + size < optmem_max) {", None),
        ("unsigned int (*hook)(struct sk_buff *skb, int n)", None),
    ],
)
def test_what_a_line_of_code_defines(line: str, name: str | None) -> None:
    found = definition_at(line, 1, "Some language")
    assert (found.name if found is not None else None) == name


@pytest.mark.parametrize(
    ("line", "language", "name"),
    [
        ("app.use = function use(fn) {", "JavaScript", "app.use"),
        ("exports.json = module.exports.json = async (x) => {", "JavaScript", "exports.json"),
        ("View.prototype.render = class {", "TypeScript", "View.prototype.render"),
        ("app.limit = find(function (x) {", "JavaScript", None),
        ("if (app.use == function () {", "JavaScript", None),
        ("static struct sk_buff", "C", None),
        ("struct sk_buff", "C", "sk_buff"),
        ("static struct sk_buff *make(int x)", "C", "make"),
    ],
)
def test_what_a_line_of_a_language_defines(line: str, language: str, name: str | None) -> None:
    found = definition_at(line, 1, language)
    assert (found.name if found is not None else None) == name


def test_a_match_arm_is_no_function_and_a_declaration_defines_nothing() -> None:
    assert definition_at("            Some(x) => {", 1, "Rust") is None
    assert definition_at("typedef DWORD (WINAPI *hook)(int x);", 1, "C") is None
    for text, language, is_declared in (
        ("pub(crate) mod a;", "Rust", True),
        ("impl<T> From<T> for A {", "Rust", True),
        ("mod a {", "Rust", False),
        ("pub struct A;", "Rust", False),
        ("class A;", "C++", True),
        ("struct a {", "C", False),
        ("package a", "Go", True),
        ("package A;", "Perl", False),
    ):
        found = definition_at(text, 1, language)
        assert found is not None
        assert is_declaration(found, language) == is_declared, text


def test_headings_keys_and_tables_are_definitions() -> None:
    assert definition_at("## Two words ##", 7, "Markdown") == ("Two words", 7, "## Two words ##", 2)
    assert definition_at("  key: 1", 1, "YAML") == ("key", 1, "  key: 1", 2)
    assert definition_at("[tool.ruff]", 1, "TOML") == ("tool.ruff", 1, "[tool.ruff]", 0)
    assert definition_at("def f():", 1, "Markdown") is None
    assert definition_at("def f():", 1, None) is None


PYTHON = """\
import os


class A:
    x = 1

    class B(A):
        @property
        def m(
            self,
            y,
        ) -> int:
            # def no(self):
            if y:
                return 1

            return 2
"""
C = """\
#include <a.h>

static int first(void)
{
\treturn 1;
}

static long second(struct a *a,
\t\t   int b)
{
\tif (b)
\t\tgoto out;
#ifdef X
\ta->b = b;
#endif
out:
\treturn 0;
}
"""
MARKDOWN = "# One\n\n## Two\n\ntext\n\n### Three\n\n## Four\n\nmore\n"


def enclosing(text: str, line: int, language: str) -> list[str]:
    """The names of what encloses a line of a text."""
    lines = text.splitlines()
    found = Enclosing(lines[line - 1 :], language)
    for number in range(line - 1, 0, -1):
        found.take(lines[number - 1], number)
    return [each.name for each in found.found]


@pytest.mark.parametrize(
    ("text", "language", "line", "names"),
    [
        (PYTHON, "Python", 1, []),
        (PYTHON, "Python", 5, ["A"]),
        (PYTHON, "Python", 9, ["A", "B"]),
        (PYTHON, "Python", 15, ["A", "B", "m"]),
        (PYTHON, "Python", 17, ["A", "B", "m"]),
        (C, "C", 5, ["first"]),
        (C, "C", 8, []),
        (C, "C", 12, ["second"]),
        (C, "C", 17, ["second"]),
        (MARKDOWN, "Markdown", 5, ["One", "Two"]),
        (MARKDOWN, "Markdown", 11, ["One", "Four"]),
        ("a:\n  b:\n    - c: 1\n      d: 2\n", "YAML", 4, ["a", "b"]),
        ("[a]\nx = 1\n[b]\ny = 2\n", "TOML", 4, ["b"]),
    ],
)
def test_what_encloses_a_line(text: str, language: str, line: int, names: list[str]) -> None:
    assert enclosing(text, line, language) == names


def test_a_breadcrumb_comes_from_the_chunks_before(tmp_path: Path) -> None:
    body = "".join(f"        value = self.step_{number}(value)  # and some words\n" for number in range(400))
    text = "class Long(Base):\n    def run(self, value):\n" + body + "\n    def other(self):\n        return 1\n"
    write(tmp_path / "tree", {"a.py": text.encode()})
    load("c", source(tmp_path / "tree", max_tokens=256))
    with Context.open("c", read_only=True) as context:
        (file,) = context.files()
        spans = context.spans(file)
        assert len(spans) > 20
        found = [breadcrumb_of(context, spans, place, context.get(span.id)) for place, span in enumerate(spans)]
    assert (found[0].enclosing, found[0].symbol) == ((), "Long")
    for each in found[1:-1]:
        assert [(above.line, above.name) for above in each.enclosing] == [(1, "Long"), (2, "run")]
        assert each.symbol == "Long.run"


@pytest.mark.parametrize(
    "piece", ["a* ", "a*", "(", "struct a ", "# ", "[a", "def ", "<", "impl ", " ", "a.", "a=", "a.b::c<d>&~@ "]
)
def test_a_hostile_line_takes_no_time(piece: str) -> None:
    """Every expression is tried on lines that make a backtracking one slow."""
    started = time.process_time()
    for language in ("C", "JavaScript", "Markdown", "TOML", "YAML"):
        definition_at(piece * 2000, 1, language)
        definition_at(piece * 133 + "!", 1, language)
        definition_at("#" + piece * 133 + "\x00", 1, language)
    assert time.process_time() - started < 5


def test_lines_have_no_ends() -> None:
    assert lines_of(b"a\r\nb\n\nc\xff") == ["a", "b", "", "c\ufffd"]
    assert lines_of(b"") == []
