"""Which words are definitions, and which are in comments: as people see them in real code."""

from __future__ import annotations

import numpy as np
import pytest

from exosuit_cli.search.roles import COMMENT, DEFINITION, find_roles
from exosuit_cli.search.vocabulary import Vocabulary
from exosuit_cli.search.words import find_words, slab_of
from exosuit_cli.structure.styles import style_of

DEFINED = [
    ("Python", b"def read_file(path):\n    return path\n", "read_file"),
    ("Python", b"class Reader(Base):\n    async def read(self):\n        x = cls.def_(1)\n", "Reader read"),
    ("Python", b"LIMIT = 3\nlimit == 4\n  inner = 5\n", "LIMIT"),
    ("Python", b"# def comment\nreturn def_x\nprint(1)\n", ""),
    ("C", b"static int foo_bar(struct dev *d)\n{\n\treturn baz(d);\n}\n", "foo_bar"),
    ("C", b"struct dev {\n\tint a;\n};\nstruct dev *probe(int x);\nextern struct dev d;\n", "dev"),
    ("C", b"#define MAX_SIZE 10\n# define OTHER 3\nenum kind {\n", "MAX_SIZE OTHER kind"),
    ("C", b"call(1);\nif (x) {\n}\nvoid run(void) {\n", "run"),
    ("C++", b"class Foo : public Bar {\n  void inner() const;\n};\nint Foo::size() const {\n", "Foo size"),
    (
        "Go",
        b"func (r *Reader) Read(p []byte) (n int, err error) {\n\tx := f(p)\n}\ntype Reader struct {\n",
        "Read Reader",
    ),
    (
        "Rust",
        b"pub(crate) async fn run<T>(x: T) {\n}\nimpl Display for Foo {\nmod tests;\nstruct Unit;\n",
        "run Display tests Unit",
    ),
    (
        "JavaScript",
        b"export default function main() {\nconst add = (a) => a;\n  const inner = 3;\nfoo(1)\n",
        "main add",
    ),
    ("Java", b"public final class Main extends Base {\n  private void go() {}\n", "Main"),
    ("Ruby", b"module Net\n  def self.open(x)\n  end\nclass A < B\n", "Net self open A"),
    ("Kotlin", b"fun String.shout() = upper()\ndata class P(val x: Int)\n", "String shout P"),
    ("Markdown", b"# A Title\ntext def here\n", "A Title"),
    ("JSON", b'{"def": "class x"}\n', ""),
]
COMMENTED = [
    ("Python", b"# one two\nx = 3  # not whole\n  #three\n#!shebang\n", "one two three shebang"),
    ("Python", b'def f():\n    """Doc of f.\n\n    More text.\n    """\n    return g\n', "Doc of f More text"),
    ("C", b"/* open */\n * star line\n// slashes\n\t/** doc\nint *p;\n*q = 1;\na / b\n", "open star line slashes doc"),
    ("C", b"x = y - 1;\n#include <a.h>\n", ""),
    ("Haskell", b"-- note\nx - 1\n", "note"),
    ("SQL", b"-- note\n- 1\n", "note"),
    ("Pascal", b"// note\nx := 1;\n", "note"),
    ("Fortran Free Form", b"! note\nx = 1\n", "note"),
    ("Vue", b"// note\nx = 1\n", "note"),
    ("TeX", b"% note\ntext\n", "note"),
    ("Emacs Lisp", b";; note\n(defun f)\n", "note"),
    ("Rust", b"//! crate doc\n/// item doc\n!flag\n", "crate doc item doc"),
]


def with_role(role: int, language: str, text: bytes) -> str:
    """The words of a text that have a role; the text lies behind another one in its slab."""
    texts = [b"other text\n", text]
    slab = slab_of(texts)
    words = find_words(slab)
    vocabulary = Vocabulary()
    numbers = vocabulary.number(slab, words)
    kinds = vocabulary.kinds[numbers]
    styles = np.array([style_of("JSON"), style_of(language)], np.int64)
    first = np.array([0, len(texts[0]) + 1], np.int64)
    python = np.array([[first[1]], [len(slab)]], np.int64)[:, : language == "Python"]
    roles = find_roles(slab, words, kinds, first, styles, python)
    spans = zip(words.starts.tolist(), words.lengths.tolist(), roles.tolist(), strict=True)
    raw = bytes(slab)
    return " ".join(raw[start : start + size].decode() for start, size, found in spans if found == role)


@pytest.mark.parametrize(("language", "text", "names"), DEFINED)
def test_definitions(language: str, text: bytes, names: str) -> None:
    assert with_role(DEFINITION, language, text) == names


@pytest.mark.parametrize(("language", "text", "words"), COMMENTED)
def test_comments(language: str, text: bytes, words: str) -> None:
    assert with_role(COMMENT, language, text) == words


def test_a_slab_without_words() -> None:
    assert with_role(COMMENT, "C", b"") == ""
