"""Definitions that lines show by themselves: names, paths, what encloses a chunk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

if TYPE_CHECKING:
    from exosuit_cli.chunk.records import FileChunks

Rows = list[tuple[str, str, int]]


def _cut(text: str, language: str, cap: int = 512) -> FileChunks:
    return chunk_text(text, language=language, options=ChunkOptions(max_tokens=cap, min_tokens=0))


def _defined(text: str, language: str) -> Rows:
    found = _cut(text, language)
    return [(each.name, each.kind.label, each.line) for chunk in found.defined.by_chunk(len(found)) for each in chunk]


# ruff: noqa: E101  (the samples have tabs)

SAMPLES: dict[str, tuple[str, str]] = {
    "Python": (
        r"""
import a

@decorated
class A(B):
    async def f(self): ...

    @property
    def g(self) -> int:
        def inner(): ...

x = 1
# def no(): comment
def h(
    a,
): ...
class of things
""",
        "A class; A.f method; A.g method; A.g.inner function; h function",
    ),
    "C": (
        r"""
static int f(struct a *b,
	     int c)
{
	if (x) {
	}
out:
	return 0;
}

int g(void);
struct s {
	int a;
};

static const struct ops table = {
	.f = f,
};
static int rows[2] = {
	1,
};
#define LOOP(x) for (;;)
#define N 3
SYSCALL_DEFINE2(bind, int, fd,
	int, n)
{
}
long
k(int a)
{
}
int far(int a,
	int b);
module_init(f); /* x */
int (*hook)(void);
enum e {
	A,
};
""",
        "f function; s struct; table constant; rows constant; LOOP macro; bind function; k function; e enum",
    ),
    "C++": (
        r"""
namespace n {
class A : public B {
 public:
  int f() const { return 1; }
  void g(int a) {
    while (x) {
    }
  }
};
}
template <typename T> struct S {
};
A::~A() {
}
int n::A::h(int a) {
}
TEST(Suite, case_one) {
}
struct Empty {};
using T = int;
""",
        (
            "n module; n.A class; n.A.f method; n.A.g method; S struct; A.~A function; n.A.h function; Suite.case_one "
            "test; Empty struct; T type"
        ),
    ),
    "Rust": (
        r"""
pub(crate) fn f<T>(x: T) {
    let local = 1;
}
pub struct S {
    a: u8,
}
impl<T> Trait for S<T> {
    pub async fn g(&self) {}
    const K: u8 = 1;
}
mod m;
macro_rules! mac {
}
pub trait T: A {}
""",
        "f function; S struct; S implementation; S.g method; S.K constant; m module; mac macro; T interface",
    ),
    "Go": (
        r"""
package p

func F(a int) {
}

func (s *Server[T]) Serve() error {
}

type S struct {
}
type F func(int)
""",
        "p module; F function; Server.Serve function; S type; F type",
    ),
    "JavaScript": (
        r"""
export default class A extends B {
  async f(a) {
    if (a) {
    }
  }
  static g() {
  }
}
function h(a) {
}
export const k = async (a) => {
}
X.prototype.m = function (a) {
}
exports.n = async function() {
}
module.exports = {
  o: function () {
  },
  p(a, b) {
  },
}
describe('things', () => {
  it('works', function () {
  })
})
const local = 3
setTimeout(function () {
})
""",
        (
            "A class; A.f method; A.g method; h function; k function; X.prototype.m function; exports.n function; "
            "module.exports constant; module.exports.o function; module.exports.p function; things test; "
            "things.works test"
        ),
    ),
    "Java": (
        r"""
package a.b;
public final class A<T> implements B {
    A(int x) {
    }
    public static void f(int a) {
        if (a) {
        }
    }
    int g() throws E {
    }
    enum K { A }
}
""",
        "a.b module; A class; A.A method; A.f method; A.g method; A.K enum",
    ),
    "Objective-C": (
        r"""
@interface A : B
- (void)f;
@end
@implementation A
- (int)f:(int)a with:(id)b {
    return 1;
}
+ (id)g
{
}
@end
""",
        "A class; A.f method; A class; A.f:with: method; A.g method",
    ),
    "Ruby": (
        r"""
module M
  class A < B
    def self.f(a)
    end

    def g?
    end
  end
end
""",
        "M module; M.A class; M.A.f method; M.A.g? method",
    ),
    "PHP": (
        r"""
<?php
namespace A\B;

abstract class C
{
    public static function f($a)
    {
    }
}
function g() {
}
""",
        "A\\B module; C class; C.f method; g function",
    ),
    "Swift": (
        r"""
public extension A {
    let b: Int
    init(x: Int) {
        let local = 1
    }
    func f<T>(_ a: T) {}
}
""",
        "A implementation; A.b constant; A.init method; A.f method",
    ),
    "Lua": (
        r"""
local function f(a)
end
function M.g(a)
end
M.h = function(a)
end
""",
        "f function; M.g function; M.h function",
    ),
    "Shell": (
        r"""
f() {
}
function g {
}
""",
        "f function; g function",
    ),
    "Scala": (
        r"""
private[a] trait T derives X {
  protected[this] def f(a: Int) = 1
}
case class C(a: Int)
object O {
}
""",
        "T interface; T.f method; C class; O class",
    ),
    "Elixir": (
        r"""
defmodule A.B do
  def f(x), do: x
  defp g(x) do
  end
end
""",
        "A.B module; A.B.f function; A.B.g function",
    ),
    "SQL": (
        r"""
CREATE TABLE IF NOT EXISTS a (
);
create or replace function f() returns int
""",
        "a type; f function",
    ),
    "Clojure": (
        r"""
(defn f [x]
  x)
(def k 1)
""",
        "f function; k other",
    ),
    "Markdown": (
        r"""
# A

## B c

```sh
# no
```

# D
""",
        "A section; A > B c section; D section",
    ),
    "TOML": (
        r"""
[a.b]
x = 1
[[c]]
""",
        "a.b section; c section",
    ),
    "CSS": (
        r"""
.a,
.b > c {
}
""",
        ".b > c rule",
    ),
    "Text": (
        r"""
class of things
def f(x):
""",
        "",
    ),
}
"""Texts by language, the first line aside, and the names and kinds that their lines define."""


@pytest.mark.parametrize("language", SAMPLES)
def test_plain_lines_define_their_names(language: str) -> None:
    text, wanted = SAMPLES[language]
    text = text.removeprefix("\n")
    # More than is looked at together at the end of a slab, so that both ways to read a name are taken.
    for tail in ("", "\n" * 400):
        assert "; ".join(f"{name} {kind}" for name, kind, _ in _defined(text + tail, language)) == wanted


def test_a_chunk_is_named_by_what_it_is_in() -> None:
    body = "".join(f"        value_{number} = compute(value, {number})\n" for number in range(60))
    methods = f"class A:\n    def f(self, value):\n{body}\n    def g(self):\n{body}\n"
    text = f"{methods}for x in y:\n{body}\ndef h():\n    pass\n"
    found = _cut(text, "Python", 128)
    assert found.is_guessed
    by_line = {int(line): symbol for line, symbol in zip(found.start_lines, found.symbols, strict=True)}
    assert by_line[1] == "A"
    lines = text.split("\n")
    first_g, loop = lines.index("    def g(self):") + 1, lines.index("for x in y:") + 1
    for line, symbol in by_line.items():
        if 2 < line < first_g - 1:
            assert symbol == "A.f", line
        elif first_g < line < loop - 1:
            assert symbol == "A.g", line
        elif loop < line < len(lines) - 10:
            assert symbol is None, line
    assert {each.name for chunk in found.defined.by_chunk(len(found)) for each in chunk} == {"A", "A.f", "A.g", "h"}


def test_comments_at_the_start_of_a_chunk_tell_how_deep_it_is() -> None:
    notes = "".join(f"        #: About the value of number {number}.\n" for number in range(40))
    found = _cut(f"class A:\n    def f(self):\n{notes}        self.x = 1\n", "Python", 64)
    assert set(found.symbols[1:]) == {"A.f"}


def test_a_chunk_that_holds_one_definition_has_its_name_with_its_comment() -> None:
    body = "".join(f"\tx{number} = f(x, {number});\n" for number in range(30))
    text = "".join(f"/* About {name}. */\nstatic int {name}(int x)\n{{\n{body}}}\n\n" for name in ("one", "two"))
    found = _cut(text, "C", 300)
    assert found.symbols == ["one", "two"]
    assert [each.name for chunk in found.defined.by_chunk(2) for each in chunk] == ["one", "two"]


def test_no_line_is_read_far_and_no_bytes_break_it() -> None:
    for line in (
        b"static int " + b"a" * 100_000 + b"(",
        b"def \xff\xfe(x):\n",
        b"\x00" * 300,
        b"int f(" * 3000,
        b"class",
    ):
        for language in ("C", "C++", "Python", "JavaScript", "Java", "Objective-C", "Swift", "Markdown", ""):
            found = chunk_text(line + b"\n" + line, language=language)
            assert sum(map(len, found.defined.by_chunk(len(found)))) <= 2


def test_ast_gives_every_definition_that_begins_in_a_chunk() -> None:
    text = "class A:\n    @property\n    def f(self): ...\n    def g(self): ...\n\n\n"
    text += "def h():\n    def inner():\n        pass\n"
    found = chunk_text(text, language="Python", options=ChunkOptions(boundaries="ast"))
    assert not found.is_guessed
    (symbols,) = found.defined.by_chunk(len(found))
    assert [(each.name, each.kind.label, each.line) for each in symbols] == [
        ("A", "class", 1), ("A.f", "method", 3), ("A.g", "method", 4), ("h", "function", 7), ("h.inner", "function", 8),
    ]  # fmt: skip
    small = chunk_text(text, language="Python", options=ChunkOptions(boundaries="ast", max_tokens=16, min_tokens=0))
    by_chunk = small.defined.by_chunk(len(small))
    assert [each.name for chunk in by_chunk for each in chunk] == ["A", "A.f", "A.g", "h", "h.inner"]
    for first, last, chunk in zip(small.start_lines, small.end_lines, by_chunk, strict=True):
        assert all(first <= each.line <= last for each in chunk)


@pytest.mark.parametrize(("language", "text", "wanted"), [
    ("Rust", "impl T for S {\n    fn f() {\n    }\n}\n", [("S", "implementation"), ("S.f", "method")]),
    ("C", "struct s {\n\tint a;\n};\nint f(void)\n{\n\treturn 0;\n}\n", [("s", "struct"), ("f", "function")]),
    ("JavaScript", "const f = () => {\n  1\n}\nclass A {\n  g() {\n  }\n}\n", [
        ("f", "function"), ("A", "class"), ("A.g", "method"),
    ]),
    ("Go", "func (s *S) F() {\n}\ntype T struct {\n\tA int\n}\n", [("S.F", "method"), ("T", "struct")]),
])  # fmt: skip
def test_the_kinds_of_a_tree(language: str, text: str, wanted: list[tuple[str, str]]) -> None:
    found = chunk_text(text, language=language, options=ChunkOptions(boundaries="ast"))
    assert [(each.name, each.kind.label) for each in found.defined.by_chunk(len(found))[0]] == wanted


@pytest.mark.parametrize(("language", "text", "wanted"), [
    ("Haskell", "data T a = A\nclass Eq a => C a where\nf, g :: Int\nf = 1\n(<+>) :: Int\n", [
        ("T", "type"), ("C", "interface"), ("f", "function"), ("(<+>)", "function"),
    ]),
    ("HCL", 'resource "a" "b" {\n  x {\n  }\n}\n', [("resource.a.b", "section"), ("resource.a.b.x", "section")]),
    ("Makefile", ".PHONY: all\nall: a\n\tcc\nX := 1\nY = a:b\n", [("all", "rule")]),
    ("CSS", ".a { b: c }\n.d {\n  e: f;\n}\n@media x {\n}\n", [(".a", "rule"), (".d", "rule")]),
    ("SCSS", "@mixin m($x) {\n}\n@function f($x) {\n}\n", [("m", "macro"), ("f", "function")]),
    ("Lua", "function M:f()\nend\n", [("M.f", "function")]),
    ("JavaScript", "X.f = function() {};\n", [("X.f", "function")]),
    ("MDX", "const fn = f()\n\nconst fn g(\n", [("fn", "constant"), ("g", "function")]),
])  # fmt: skip
def test_the_guesses_of_more_families(language: str, text: str, wanted: list[tuple[str, str]]) -> None:
    found = chunk_text(text, language=language)
    assert [(each.name, each.kind.label) for each in found.defined.by_chunk(len(found))[0]] == wanted


def test_names_of_two_parts() -> None:
    """Package objects, properties that a type gets, instances, and selectors within selectors."""
    texts = {
        "Scala": "package object flow {\n  def f(a: Int): Int = 1\n}\n",
        "Kotlin": (
            "val Class<*>.a: String\n  get() = 1\nval Method.b: String\n  get() = 2\n"
            "val <T> List<Map<T, A>>.c get() = 3\nval d: Int = e.f\n"
        ),
        "Haskell": (
            "instance ToJSON Comment where\n  f = 1\n\ninstance (A a, B b) => ToJSON (Either a b) where\n\n"
            "instance {-# OVERLAPPING #-} C [a] -- x\ntype instance F Int = Bool\n"
        ),
        "CSS": "a {\n  b: c; }\n  a:hover {\n    c: d; }\n.x {\n  .y p {\n  }\n}\n",
    }
    assert {language: [name for name, *_ in _defined(text, language)] for language, text in texts.items()} == {
        "Scala": ["flow", "flow.f"],
        "Kotlin": ["Class.a", "Method.b", "List.c", "d"],
        "Haskell": ["ToJSON Comment", "ToJSON (Either a b)", "C [a]", "F"],
        "CSS": ["a", "a:hover", ".x", ".x > .y p"],
    }


@pytest.mark.parametrize(
    ("language", "head", "edge", "line", "name"),
    [
        ("Python", "class A:\n    def f(self):\n        x = '''\n", "SELECT n\n'''\n", "        g(x, {})\n", "A.f"),
        ("Shell", "f() {\n    cat <<EOF\n", "usage: f\nEOF\n", "    g a {}\n", "f"),
        ("PHP", "<?php\nclass A\n{\n    public function f()\n    {\n        $x = <<<EOT\n", "help of f\nEOT;\n",
         "        g($x, {});\n", "A.f"),
        ("Go", "package a\n\nfunc f() {\n", "walk: // the tree\nagain:\n", "\tg({})\n", "f"),
        ("Kotlin", "public class A<T>\n", "internal constructor(\n    val b: B,\n) {\n    fun f() {\n",
         "        g({})\n", "A.f"),
    ],
)  # fmt: skip
def test_a_line_at_the_edge_that_is_no_outer_construct_ends_nothing(
    language: str, head: str, edge: str, line: str, name: str
) -> None:
    text = head + line.format(0) + edge + "".join(map(line.format, range(60)))
    found = _cut(text, language, 96)
    first = text[: text.index(edge)].count("\n") + edge.count("\n") + 2
    names = {
        symbol
        for symbol, start in zip(found.symbols, found.start_lines.tolist(), strict=True)
        if start > first
    }  # fmt: skip
    assert names == {name}


def test_a_brace_at_the_edge_may_be_a_part_of_a_head() -> None:
    text = "export function f({\n  a,\n}: Options) {\n  function g() {\n    return 1;\n  }\n}\n"
    assert [name for name, *_ in _defined(text, "TypeScript")] == ["f", "f.g"]


def test_a_where_at_the_edge_goes_on_with_what_it_bounds() -> None:
    text = "impl<T> Wheel<T>\nwhere\n    T: Stack,\n{\n    pub fn new() -> Self {\n        f()\n    }\n}\n"
    assert ("Wheel.new", "method") in [row[:2] for row in _defined(text, "Rust")]


def test_test_cases_are_named_by_their_texts() -> None:
    elixir = 'describe "a b" do\n  test "c, d", %{conn: conn} do\n    x = 1\n  end\nend\n'
    ruby = "describe 'a b' do\n  it \"c, d\" do |x|\n    context = 'e'\n  end\n  it 'f'\n  it.x do\n  end\nend\n"
    wanted = [("a b", "test", 1), ("a b.c, d", "test", 2)]
    assert _defined(elixir, "Elixir") == wanted
    assert _defined(ruby, "Ruby") == wanted


ENDED: dict[str, tuple[str, str]] = {
    "Python": (
        (
            "class A:\n    def f(self):\n        return 1\n\n    if x:\n        def g(self):\n            pass\n"
            "    else:\n        def g(self):\n            pass\n"
        ),
        "A A.f A.g A.g",
    ),
    "TypeScript": (
        (
            "export const f = () => {\n  function g(o: string) {\n    return {\n      a: 1,\n    };\n  }\n"
            "  return (x) => {\n    function h() {\n    }\n  };\n};\n"
        ),
        "f f.g f.h",
    ),
    "Ruby": ("class A\n  def f\n    x\n  end\n\n  if y\n    def g\n    end\n  end\nend\n", "A A.f A.g"),
}


@pytest.mark.parametrize("language", ENDED)
def test_a_definition_that_has_ended_is_around_nothing(language: str) -> None:
    text, names = ENDED[language]
    assert [name for name, *_ in _defined(text, language)] == names.split()


def test_a_chunk_behind_a_definition_that_has_ended_is_not_within_it() -> None:
    body = "".join(f"    g({number});\n" for number in range(60))
    text = f"const f = () => {{\n  function g() {{\n    h();\n  }}\n  return (x) => {{\n{body}  }};\n}};\n"
    assert set(_cut(text, "JavaScript", 96).symbols[1:]) == {"f"}
