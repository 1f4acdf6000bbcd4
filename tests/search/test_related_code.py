"""The definition that a line is in, the code of its lines, and the name that a chunk is shown by."""

from __future__ import annotations

import pytest

from exosuit_cli.search.breadcrumb import Breadcrumb
from exosuit_cli.search.code_lines import called_names, code_lines
from exosuit_cli.search.holder import holder_in
from exosuit_cli.search.labels import symbol_at, symbol_named

PYTHON = '''\
import helper_a
from b import (
    helper_b,
)


@decorated
class A:
    """Calls helper_c() never."""

    def first(
        self,
    ) -> int:
        # helper_d()
        return helper_e("helper_f()") + f"{helper_g()}"

    def second(self):
        return 'x'


VALUE = 1
'''
C = """\
#include <helper_a.h>
/* helper_b() */
static int first(struct x *y,
                 int z)
{
#ifdef X
    if (z) // helper_c()
        goto out;
#endif
    helper_d("helper_e()", '"');
out:
    return 0;
}

int second(void)
{
    return 1;
}
"""
RUST = """\
use a::{
    helper_a,
};
mod helper_b;

impl<'a> A<'a> {
    /// helper_c()
    pub fn first<T>(&'a self, q: char) -> T
    where
        T: B,
    {
        helper_d('"'); helper_e!["helper_f()"]
    }
}
"""
SHELL = """\
# helper_a
first() {
  helper_b "$(helper_c x)" 'helper_d' # helper_e
  if helper_f; then helper_g; fi
}
second() {
  echo helper_h
}
"""
SCRIPT = """\
import { helper_a } from './a'
const helper_b = require('b')
export const first = async ({
  x,
}) => {
  /* helper_c() */
  return new Helper_d(helper_e(`${helper_f()}`), "helper_g()")
}

function second() {}
"""


@pytest.mark.parametrize(
    ("text", "language", "called"),
    [
        (PYTHON, "Python", "eg"),
        (C, "C", "d"),
        (RUST, "Rust", "de"),
        (SHELL, "Shell", "bcfg"),
        (SCRIPT, "JavaScript", "def"),
    ],
)
def test_comments_texts_and_imports_are_no_code(text: str, language: str, called: str) -> None:
    lines = text.splitlines()
    code = code_lines(lines, language)
    assert len(code) == len(lines)
    names = called_names(code, language)
    assert "".join(sorted(name[-1] for name in names if name.lower().startswith("helper_"))) == called


@pytest.mark.parametrize(
    ("text", "language", "called"),
    [
        ("go func (t *T) { defer(used()) }\nswitch (x) {", "Go", {"used"}),
        ("if (sizeof(x) > used(y)) return (z);\nwhile (1)", "C", {"used"}),
        ("while (used(x)):\n    assert (not (y))\n    func(z)", "Python", {"used", "func"}),
        ("pub(crate) fn f() { match (used()) { while(x) {} } }", "Rust", {"used"}),
        ("while used; do\n  return 1\ndone", "Shell", {"used"}),
        ("await (used(x)); function (y) {}; catch (z) {}", "TypeScript", {"used"}),
    ],
)
def test_keywords_of_a_language_call_nothing(text: str, language: str, called: set[str]) -> None:
    assert called_names(text.splitlines(), language) == called


@pytest.mark.parametrize(
    ("text", "language", "held"),
    [
        (PYTHON, "Python", {2: None, 7: "A", 8: "A", 9: "A", 12: "A.first", 15: "A.first", 17: "A.second", 21: None}),
        (C, "C", {2: "first", 4: "first", 9: "first", 12: "first", 13: "first", 14: None, 18: "second"}),
        (RUST, "Rust", {2: None, 6: "A", 7: "A.first", 9: "A.first", 12: "A.first", 13: "A.first", 14: "A"}),
        (SHELL, "Shell", {1: "first", 4: "first", 5: "first", 6: "second"}),
        (SCRIPT, "JavaScript", {1: None, 4: "first", 5: "first", 8: "first", 9: None, 10: "second"}),
        ("# A\n\nText.\n\n## B\n\nMore.\n\n# C\n", "Markdown", {3: "A", 7: "A.B", 9: "C"}),
    ],
)
def test_a_line_is_in_the_smallest_definition_that_has_it(
    text: str, language: str, held: dict[int, str | None]
) -> None:
    found = {line: holder_in(text.splitlines(), 1, line, language) for line in held}
    assert {line: each.symbol if each is not None else None for line, each in found.items()} == held


def test_a_text_that_begins_within_a_comment_or_a_documentation_text() -> None:
    assert [each.strip() for each in code_lines(["helper_a().", '"""', "call()"], "Python")] == ["", "", "call()"]
    assert [each.strip() for each in code_lines([" * helper_a()", " */", "call();"], "C")] == ["", "", "call();"]
    assert code_lines(["def f():", '    """Open', "    helper()"], "Python")[0] == "def f():"
    assert [each.strip() for each in code_lines(["-- a()", "b(); // c()", "/* d()"], "Pascal")] == ["", "b();", ""]
    assert [each.strip() for each in code_lines(["! a()", "if (x != b())"], "Fortran Free Form")] == [
        "",
        "if (x != b())",
    ]
    assert [each.strip() for each in code_lines(["<!-- a() -->", "{{ b() }}"], "Vue")] == ["", "{{ b() }}"]


def test_a_chunk_is_named_by_what_a_question_names() -> None:
    text = PYTHON.encode()
    breadcrumb = Breadcrumb((), None)
    assert symbol_named(breadcrumb, text, 1, ["second"], "Python") == "A.second"
    assert symbol_named(breadcrumb, text, 1, ["first", "second"], "Python") == "A.first"
    assert symbol_named(breadcrumb, text, 1, ["other"], "Python") is None
    constant = b"MOST_PARTS: Final = 8\nLEAST = 1\n\nclass A:\n    pass\n\n\nclass B:\n    pass\n"
    assert symbol_named(breadcrumb, constant, 1, ["mostpart"], "Python") == "MOST_PARTS"
    assert symbol_named(breadcrumb, constant, 1, ["part", "b"], "Python") == "B"
    assert symbol_named(breadcrumb, b"def only():\n    pass\n", 1, ["only"], "Python") is None
    assert symbol_at(breadcrumb, text, 1, 15, "Python") == "A.first"
    assert symbol_at(breadcrumb, text, 1, 1, "Python") is None
