"""Which lines begin within a string or a comment, in the words of each language."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.languages.literals import _MEMBERS, FAMILIES
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.code.literal_lines import literal_lines


def inside(*texts: tuple[str, str]) -> list[str]:
    """For each text, given with its language, what its lines begin in: `.` code, `s` a string, `c` a comment."""
    parts = [text.encode() for _, text in texts]
    lengths = np.array([len(part) for part in parts], np.int64)
    slab = Slab(np.frombuffer(b"".join(parts), np.uint8), np.cumsum(lengths) - lengths, lengths)
    lines = CpuKernels("blake3").lines(slab)
    found = literal_lines(slab, lines, [language for language, _ in texts])
    marks = "".join(".sc"[kind] for kind in found)
    return [marks[start:stop] for start, stop in zip(lines.files[:-1].tolist(), lines.files[1:].tolist(), strict=True)]


CASES = [
    ("Python", 'a = """x\ny\n\nz"""\nb = "\'"\n# don\'t """\nc = 1\n', ".sss..."),
    ("Python", "a = '''x\n\"\"\"\n'''\nb\n", ".ss."),
    ("Python", 'a = "\\"\\"\\""\nb = """\\"""\n"""\nc\n', "..s."),
    ("C", '/* a\n\n b */ int x; // /*\nchar *s = "/*"; /* c\n d */ e\n f\n', ".cc.s."),
    ("C", "int a = '\"'; /*\n * b\n */\nc\n", ".ss."),
    ("C++", 'auto a = R"(x\n"y"\n)";\nb\n', ".ss."),
    ("C#", 'var a = @"{\n ""b"": ""c"",\n}";\nvar d = @"";\nvar e = @"""";\nf\n', ".ss..."),
    ("Java", 'a = """\n  b "c"\n  """;\nd\n', ".ss."),
    ("JavaScript", 'a = `x\n${y} "\n`; // `\nb = "`"\nc\n', ".ss.."),
    ("Go", "a := `x\\\n`\nb := '`'\nc\n", ".s.."),
    ("Rust", 'fn a() { b(\'"\', "x\n y"); }\nlet a = r#"x\n"y"\n"#;\nz /* a /* b */\n c */\nd\n', ".s.ss.s."),
    ("Ruby", 'x = <<~A + <<-\'B\'\n  it\'s\n  A\nB\ny\n=begin\nfoo\n=end\nz = "a" + "b\nc"\nd\n', ".ss...cc.s."),
    ("Ruby", "x = %w[\n a\n]\ny << 1\n# don't\nz\n", ".ss..."),
    ("Shell", "cat <<EOF\nit's\n EOF2\nEOF\nx=\"a\nb\" y\necho 'a\nb'\n# don't\nfoo $# 'x'\nbar\n", ".sss.s.s..."),
    ("Shell", 'a="$(b \\\n "c" \\\n)"\nd "$(e)/f"\ng\n', ".ss.."),
    ("Shell", "cat <<E <<EOF\nit's\nEO\nE\nEOF\nx='a\nb'\n", ".sss..s"),
    ("Python", 'a = """' + "\\" * 30 + '"""\nb\n' + 'c = """' + "\\" * 31 + '"""\nd\n"""\ne\n', "...ss."),
    ("Perl", "=head1 A\n\nit's\n\n=cut\nmy $a = <<\"X\";\n'\nX\n$b\n", ".cccc.ss."),
    ("PHP", "<?php\n$a = <<<EOT\n it's\n EOT . 'x';\n$b = 'c\nd';\n// it's\n$e\n", "..ss.s.."),
    ("Lua", "--[[ a\nb ]]\nx = [==[\n]]\n]==]\ny = '[['\nz\n", ".c.ss.."),
    ("Haskell", '{- a {- b\n-} c\nd -}\nx = "{-"\ny\n', ".cc.."),
    ("OCaml", '(* a (* b *)\n c *)\nlet x = {|\n"\n|}\nlet y = "a\n b"\nz\n', ".c.ss.s."),
    ("F#", "let a = (*) 1\nlet b = 2\n(* c\n*)\n", "...c"),
    ("SQL", "SELECT 'it''s\n a'\n, $$ x\n ' $$\n/* b\n*/\n", ".s.s.c"),
    ("Clojure", '(defn a\n  "Doc\n\n  of \\"a\\"."\n  [x] \\" ; "\n  y)\n', "..ss.."),
    ("Emacs Lisp", '(defun a ()\n  "Doc ; x\nof it."\n  (b ?\\") ; "\n  c)\n', "..s.."),
    ("Racket", "#| a #| b |#\n|#\nc\n", ".c."),
    ("Elixir", '@doc ~S"""\na "b"\n"""\nx = ~c|()\\\\"/|\ny = "a\nb"\n', ".ss..s"),
    ("Julia", '"""\n    a()\n"""\nf() = 1 #= b\n=# "\n', ".ss.s"),
    ("PowerShell", '<#\n.SYNOPSIS\n#>\n$a = @"\nit\'s\n"@\nb\n', ".cc.ss."),
    ("HTML", "<p>it's</p>\n<!-- a\n\n-->\n<p>\n", "..cc."),
    ("CMake", '#[[ a\n]]\nset(x "a\nb")\nmessage([=[\nx\n]=])\n', ".c.s.ss"),
    ("Nix", "a = ''\n  it\n'';\nb = 1;\n", ".ss."),
    ("HCL", "a = <<-EOT\n  b\n  EOT\nc = 1\n", ".ss."),
    ("Pascal", "{ a\nb }\n(* c\n*)\nx := '{';\ny\n", ".c.c.."),
    ("TeX", "\\begin{verbatim}\n% x\n\\end{verbatim}\ny\n", ".ss."),
    ("Nim", '#[ a\n]#\nx = """\ny"""\n', ".c.s"),
    ("D", "/+ a /+ b +/\n+/\nx = `\n`;\n", ".c.s"),
    ("Text", "it's /* a\nb\n", ".."),
]


def test_literals_over_several_lines() -> None:
    for language, text, expected in CASES:
        assert inside((language, text)) == [expected], (language, text)


def test_every_file_is_judged_alone() -> None:
    texts = [(language, text[:-1] if place % 2 else text) for place, (language, text, _) in enumerate(CASES)]
    texts += [("Python", ""), ("Python", 'a = """'), ("Python", '"""'), ("C", "/"), ("C", "* x"), ("Shell", "cat <<A")]
    texts += [("Shell", "\nA"), ("Shell", "A"), ("Python", "\n")]
    assert inside(*texts) == [inside(text)[0] for text in texts]
    assert inside(*texts[::-1]) == inside(*texts)[::-1]


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(["/*", "*/", "//", "/", "*", "\n", "\n  ", '"a', "'", "x ", "\\", "/* a */"]), max_size=24)
)
@example(["/*", "/", "\n", "*/"])
@example(["*/", "*", "\n", "*/"])
@example(["//", "*", "\n", "*/", "\n", "/*", "\n", "*/"])
def test_plain_comments_are_what_all_marks_say(parts: list[str]) -> None:
    text = "".join(parts) + "\n"
    other = '"""a"""\n'  # a literal of another kind: the file is no longer one of plain comments
    for language in ("Java", "Kotlin"):
        whole = inside((language, text), (language, text + other), ("C", text), (language, text))
        assert whole[0] == whole[1][:-1] == whole[3]


def test_a_mark_that_is_not_closed_opens_nothing() -> None:
    for language, mark in (("Python", 'a = """'), ("C", "/* "), ("Ruby", "a = <<~X"), ("Lua", "[["), ("Rust", '"')):
        assert inside((language, f"{mark}\n" + "code\n" * 30)) == ["." * 31], language


@pytest.mark.parametrize(("language", "quote"), [("Rust", '"'), ("Shell", "'"), ("Ruby", '"'), ("Clojure", '"')])
def test_a_stray_quotation_mark_spoils_a_few_lines_at_most(language: str, quote: str) -> None:
    sound = f"a {quote}b{quote} c\nd\ne {quote}f{quote}, {quote}g{quote}\n" * 20
    found = inside((language, f"x {quote}\ny\n{sound}z {quote}k\nl{quote}\n"))[0]
    assert found.count("s") <= 2
    assert found.endswith("s")


def test_nested_marks_that_do_not_balance_end_at_the_next_one() -> None:
    assert inside(("Rust", "/* a /* b\n */\nc\nd\n"))[0] == ".s..".replace("s", "c")


def test_lines_of_a_million_marks_take_no_long_way() -> None:
    for language, text in (
        ("JavaScript", "`" * 200_001 + "\nx\n`\n"),
        ("Rust", '"' * 200_001 + "\nx\n"),
        ("Python", '"""' * 100_001 + "\nx\n"),
        ("C", "\\" * 200_000 + '"/*\nx\n*/\n'),
        ("Haskell", "{-" * 100_000 + "\n" + "-}" * 100_000 + "\n"),
        ("Shell", "<<A " * 50_000 + "\nA\n" * 50_000),
    ):
        assert len(inside((language, text))[0]) == text.count("\n")


def test_steps_of_every_length_reach_what_single_steps_do() -> None:
    from exosuit_cli.structure.code.literal_lines import _reached

    rng = np.random.default_rng(5)
    for count in (1, 2, 40, 3000):
        for most in (1, 2, 3, 9):
            following = np.minimum(np.arange(count) + rng.integers(1, most + 1, count), count)
            expected = np.zeros(count + 1, np.bool_)
            expected[0] = True
            for place in range(count):
                if expected[place]:
                    expected[following[place]] = True
            assert _reached(following).tolist() == expected[:count].tolist()


def test_families_name_languages_once() -> None:
    named = [name for names in _MEMBERS.values() for name in names.split(",")]
    assert sorted(set(named)) == sorted(named)
    assert set(named) <= set(LANGUAGES)
    assert set(_MEMBERS) <= set(FAMILIES)
    assert all(each.opens for literals in FAMILIES.values() for each in literals)
    texts = [
        (names.split(",")[0], f"{language_text}\n") for names in _MEMBERS.values() for language_text in ("", "'\"")
    ]
    assert inside(*texts) == ["."] * len(texts)
