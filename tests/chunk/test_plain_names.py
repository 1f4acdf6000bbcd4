"""The array operations that read plain names agree with the rules that read one line after the other."""

from __future__ import annotations

import random

import numpy as np
import pytest

from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.code.candidate_lines import Candidates
from exosuit_cli.structure.code.strength import plain_strengths
from exosuit_cli.structure.families import Family
from exosuit_cli.structure.names.by_keyword import name_by_keyword
from exosuit_cli.structure.names.in_scripts import name_in_script
from exosuit_cli.structure.names.many_by_keyword import keyword_names
from exosuit_cli.structure.names.many_in_scripts import case_names, may_define
from exosuit_cli.structure.names.many_methods import method_names
from exosuit_cli.structure.names.many_plain import NAMED, NOTHING, UNSURE, WIDTH, WORDLESS, WordTable
from exosuit_cli.structure.names.of_one_line import named_by, rule_of
from exosuit_cli.structure.symbols import SymbolKind

_TEXT = """
public static final private override async int void String List<T> Map<K, V> <T> new return if else throws get; @A
Foo foo bar() baz(int x) operator operator+ ~x int[] a.b c? { } ( ) = => ; ; { {}; : & - é 9x synchronized Foo(1)
"""
PIECES = (*_TEXT.split(), "foo (", "x\t(", "  ", "{ get; set; }", "long_name_of_a_method_that_is_long(")


def test_plain_methods_are_named_as_line_by_line() -> None:
    """Whatever the line: a name, none, or left to the slower rules."""
    chance = random.Random(5)
    texts = [
        chance.choice(("", "    ")) + " ".join(chance.choices(PIECES, k=chance.randint(1, 7))) for _ in range(3000)
    ]
    texts += ["    public " + "x" * size + "(int a) {" for size in (80, 88, 96, 190, 210)]
    data = "\n".join(texts).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    padded = np.append(slab.data, np.zeros(2 * WIDTH, np.uint8))
    places = np.flatnonzero(lines.heads != 0)
    families = np.full(len(places), Family.JAVA, np.uint8)
    by_word = keyword_names(padded, lines.inks[places], families)
    is_other = by_word.states == NOTHING
    places = places[is_other]
    found = method_names(padded, lines, places, by_word.starts[is_other])
    seen = set()
    for place, state, kind, start, end in zip(
        places.tolist(), found.states.tolist(), found.kinds.tolist(), found.starts.tolist(), found.ends.tolist(),
        strict=True,
    ):  # fmt: skip
        wanted = named_by(Family.JAVA, memoryview(data), int(lines.starts[place]), int(lines.starts[place + 1]))
        seen.add((state, wanted is None))
        if state != UNSURE:
            named = (data[start:end].decode(), kind) if state == NAMED else None
            assert named == wanted, bytes(slab.data[lines.starts[place] : lines.starts[place + 1]])
    assert {(NAMED, False), (NOTHING, True), (UNSURE, True), (UNSURE, False)} <= seen


def test_lines_of_scripts_that_are_not_read_define_nothing() -> None:
    """A line is left out where no pattern finds a name in it, and a keyword where none defines something."""
    text = """
    const let var export default async get set static this. data type case class function function* => = : { ( ) [ ] .
    foo foo( foo() (a) (a,(b)) { ${ <T> <T,U>( describe( it('x' test.each test( return await if( 'q' "q": [x.y] *gen # ;
    """
    chance = random.Random(7)
    pieces = (*text.split(), "  ", "=>{", "() => {", ") {", "name", "name: ")
    texts = [
        chance.choice(("", "", "  ")) + chance.choice(("", " ")).join(chance.choices(pieces, k=chance.randint(1, 8)))
        for _ in range(4000)
    ]
    data = "\n".join([*texts, "  " + "x" * 90 + "() {"]).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    padded = np.append(slab.data, np.zeros(2 * WIDTH, np.uint8))
    places = np.flatnonzero(lines.heads != 0)
    by_word = keyword_names(padded, lines.inks[places], np.full(len(places), Family.SCRIPT, np.uint8))
    rows = [data[start:end] for start, end in zip(lines.starts[places], lines.starts[places + 1], strict=True)]
    asked = may_define(padded, lines, places).tolist()
    assert [row for row, is_asked in zip(rows, asked, strict=True) if not is_asked and name_in_script(row)] == []
    wordless = [row for row, state in zip(rows, by_word.states.tolist(), strict=True) if state == WORDLESS]
    assert [row for row in wordless if name_by_keyword(row, Family.SCRIPT)] == []
    assert sum(asked) < len(asked) < sum(asked) * 5
    assert len(wordless) > 200


def test_titles_of_test_cases_are_those_that_are_read_line_by_line() -> None:
    """A title ends at its own mark or with the line; an escape or a colon pair is left to the pattern."""
    chance = random.Random(11)
    pieces = ("it(", "test(", "describe.only(", "foo(", "'", '"', "`", "a", "é", " ", ":", "::", "\\'", "\0", "x" * 60)
    texts = ["".join(chance.choices(pieces, k=chance.randint(1, 7))) for _ in range(3000)]
    texts += ["  it('does this', () => {\r", "it('')", "it('" + "x" * 300 + "')", "it('open"]
    data = "\n".join(texts).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    places = np.flatnonzero(lines.heads != 0)
    found = case_names(np.append(slab.data, np.zeros(2 * WIDTH, np.uint8)), lines, places)
    seen = set()
    for place, state, start, end in zip(places.tolist(), found.states.tolist(), found.starts, found.ends, strict=True):
        wanted = named_by(Family.SCRIPT, memoryview(data), int(lines.starts[place]), int(lines.starts[place + 1]))
        seen.add(state)
        if state != UNSURE:
            assert wanted == (data[start:end].decode(), SymbolKind.TEST), texts[place]
            assert (state == NAMED) == (end > start)
    assert seen == {NAMED, NOTHING, UNSURE}


@pytest.mark.parametrize("family", [Family.BINDINGS, Family.FORTRAN, Family.LISP, Family.LUA, Family.EQUATIONS])
def test_lines_that_are_no_candidates_define_nothing(family: Family) -> None:
    """Whatever a pattern names is read, though lines are left out by their first bytes."""
    words = """
    let and member val fun exception letter static type module match mutable rec f x y' = := :: : -> ( ) () (a,b) <-
    integer real REAL(wp) character*8 type(x) Type, block data function FUNCTION Function( subroutine program end do
    (def (defn (define (defmacro (cl-defun (defer (list a-b local foo.bar = function(a) function) (+) data newtype Foo
    instance class where import fn or fu
    """
    chance = random.Random(13)
    texts = [" ".join(chance.choices(words.split(), k=chance.randint(1, 7))) for _ in range(4000)]
    data = "\n".join(texts).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    strengths = plain_strengths(lines)
    first = np.ascontiguousarray(lines.heads.view(np.uint8)[::8])
    padded = np.append(slab.data, np.zeros(2 * WIDTH, np.uint8))
    found = Candidates(padded, lines, first, np.array([family], np.uint8), strengths)
    is_left_out = ~(found.looks | found.has_word)
    if family == Family.LUA:  # no function has another end
        is_left_out &= np.isin(lines.lasts, list(b"){d,"))
    if family == Family.BINDINGS:  # these languages have no words in capital letters
        is_left_out &= np.isin(first, list(b"abcdefghijklmnopqrstuvwxyz"))
    rule = rule_of(family)
    assert [text for place, text in enumerate(texts) if is_left_out[place] and rule(text.encode())] == []
    assert 0 < is_left_out.sum() < len(texts)


def test_plain_keywords_are_named_as_line_by_line() -> None:
    """A scope, a mutable variable, a struct, and words that only look like a keyword are plain."""
    plain = (
        "pub(crate) fn shut(&mut self) {", "    pub(super) unsafe fn poll(", "pub(crate) mode: Option<u32>,",
        "let mut lock = list.lock();", "let mut x: u8 = 1;", "let (_tx, rx) = pair();", "const (", "unsafe {",
        "default:", "data = 1", "data, rest = f()", "inner: W,", "type Accounts struct {",
        "type Reader interface {", "class A extends B {", "pub const fn lio(self) -> bool {", "println!()",
        "func (c *Context) Get(key string) {", "func (r JSON) Write(w Writer) error {", "func (Kind) String() string {",
    )  # fmt: skip
    unsure = (
        "pub(in crate) fn f()", "pub(crate)  fn f()", "let mut é = 1", "let mut = 1", "let mut  y = 1",
        "let mut (a) = 1",
        "let mut z;", "@property", "func (c *Set[T]) Get() {", "func (f func()) B() {", "func () C() {", "func (c",
        "class body extends B {", "func (c C)  D() {", "macro_rules! mine {", "type struct struct {",
    )  # fmt: skip
    data = "\n".join((*plain, *unsure)).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    padded = np.append(slab.data, np.zeros(2 * WIDTH, np.uint8))
    found = keyword_names(padded, lines.inks, np.full(len(lines.inks), Family.KEYWORD, np.uint8))
    names = []
    owners = found.owners
    assert owners is not None
    for place, (state, kind, start, end) in enumerate(
        zip(found.states.tolist(), found.kinds.tolist(), found.starts.tolist(), found.ends.tolist(), strict=True)
    ):
        wanted = named_by(Family.KEYWORD, memoryview(data), int(lines.starts[place]), int(lines.starts[place + 1]))
        first, last = owners[:, place].tolist()
        owner = f"{data[first:last].decode()}." if last > first else ""
        named = (owner + data[start:end].decode(), kind) if state == NAMED else None
        names.append(named[0] if named else "")
        assert state == UNSURE or named == wanted, data.splitlines()[place]
    assert [state != UNSURE for state in found.states.tolist()[: len(plain)]] == [True] * len(plain)
    assert names[: len(plain)] == [
        "shut",
        "poll",
        "",
        "lock",
        "x",
        *[""] * 7,
        "Accounts",
        "Reader",
        "A",
        "lio",
        "",
        "Context.Get",
        "JSON.Write",
        "Kind.String",
    ]


def test_a_word_is_another_if_any_byte_differs() -> None:
    """Those of more than eight bytes as well."""
    words = (b"impl", b"protocol", b"interface", b"macro_rules", b"implementation0")
    table = WordTable({word: kind for kind, word in enumerate(words, 1)})
    others = [word[:at] + b"Q" + word[at + 1 :] for word in words for at in range(len(word))]
    text = b"".join(word.ljust(16) for word in (*words, *others))
    kinds, after = table.look_up(np.frombuffer(text, np.uint8), np.arange(0, len(text), 16))
    assert kinds.tolist() == [1, 2, 3, 4, 5, *[0] * len(others)]
    assert set(after.tolist()) == {ord(" ")}
