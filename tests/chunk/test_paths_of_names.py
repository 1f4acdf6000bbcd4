"""The names of definitions with what is around them: the same by looks and by the syntax tree."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

JSON_TEXT = '        string text = @"{\n    }\n}";\n'
SAMPLES = {
    "Kotlin": (
        (
            "public class A private constructor(b: B) {\n  fun `a name`() {\n  }\n}\n\n"
            "fun Class<*>.f(a: Int): Int = 1\n\nfun <T> Foo.Bar?.g() {\n}\n\nval Foo<*>.h: Int\n  get() = 1\n\n"
            "fun interface I {\n  fun run()\n}\n\n"
            "internal class `-C`\n@JvmOverloads\nconstructor(\n  a: A,\n) : B {\n  fun k() {\n  }\n}\n"
        ),
        ["A", "A.a name", "Class.f", "Foo.Bar.g", "Foo.h", "I", "I.run", "-C", "-C.k"],
    ),
    "C++": (
        (
            "namespace a {\nnamespace b::c {\n\nclass D {\n public:\n  int f() {\n    return 1;\n  }\n};\n\n"
            "int g() {\n  return 1;\n}\n\nnamespace {\nint h() {\n  return 1;\n}\n}\n\n}  // namespace b::c\n\n"
            "int k() {\n  return 1;\n}\n\n}\n\nint m() {\n  return 1;\n}\n"
        ),
        ["a", "a.b.c", "a.b.c.D", "a.b.c.D.f", "a.b.c.g", "a.b.c.h", "a.k", "m"],
    ),
    "PHP": (
        (
            "<?php\nnamespace A\\B {\nuse C\\D;\nclass E\n{\n    function f()\n    {\n    }\n}\n}\n\n"
            "namespace {\nuse C\\D;\nfunction g()\n{\n}\n}\n"
        ),
        ["A\\B", "A\\B.E", "A\\B.E.f", "g"],
    ),
    "C#": (
        f"namespace N\n{{\n    class A\n    {{\n{JSON_TEXT}        void F()\n        {{\n        }}\n    }}\n}}\n",
        ["N", "N.A", "N.A.F"],
    ),
    "Haskell": ("instance C a => C (Maybe a)\n", ["C (Maybe a)"]),
    "Objective-C": (
        "@implementation A\n- (void)setX:(int)x\n      forKey:(NSString *)k {\n  return;\n}\n@end\n",
        ["A", "A.setX:forKey:"],
    ),
    "C": ("static const int table[] =\n{\n\t1,\n};\n#define\tf(a)\t\\\n\t(a)\n", ["table", "f"]),
    "OCaml": (
        (
            "module A :\nsig\n  val f : int -> int\nend =\nstruct\n  let f x =\n    x + 1\nend\n\nlet h x =\n  x\n\n"
            "exception Bad of int\n\nmodule W (S : sig\n  val z : int\nend) = struct\n  let g x =\n    x\nend\n"
        ),
        ["A", "A.f", "A.f", "h", "Bad", "W", "W.z", "W.g"],
    ),
    "TypeScript": (
        "".join(
            f"var {name} = {head} {{\n    function f() {{\n        return 1;\n    }}\n}}{tail};\n"
            for name, head, tail in (
                ("A", "function()", "()"),
                ("B", "(function()", ")()"),
                ("C", "((a) =>", ")(1)"),
                ("D", "(async function(a)", "(1))"),
            )
        )
        + "it('using `a`', () => {\n    f();\n});\n",
        ["A", "A.f", "B", "B.f", "C", "C.f", "D", "D.f", "using `a`"],
    ),
    "JavaScript": (
        "describe('when \"a\" is', () => {\n  it(`it's b`, () => {\n    f();\n  });\n});\n",
        ['when "a" is', 'when "a" is.it\'s b'],
    ),
    "Julia": (
        'module M\n\n@testset "a b" begin\n    x = 1\nend\n\nfunction f(x)\n    x\nend\n\nend # module\n',
        ["M", "M.a b", "M.f"],
    ),
    "Lua": (
        'describe("a b", function()\n   it("c", function()\n      f()\n   end)\nend)\n',
        ["a b", "a b.c"],
    ),
    "PowerShell": ("Describe 'a b' {\n    It 'c' {\n        f\n    }\n}\n", ["a b", "a b.c"]),
    "Ruby": (
        "RSpec.describe A::B, type: :c do\n  context A::C do\n    it 'd' do\n    end\n  end\nend\n",
        ["A::B", "A::B.A::C", "A::B.A::C.d"],
    ),
    "Zig": ('test "a - b" {\n    f();\n}\n', ["a - b"]),
}


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize("language", SAMPLES)
def test_names_have_what_is_around_before_them(language: str, boundaries: str) -> None:
    text, wanted = SAMPLES[language]
    found = chunk_text(text, language=language, options=ChunkOptions(boundaries=boundaries))
    assert not found.is_guessed or boundaries == "structure"
    assert found.defined.names == wanted


def test_a_chunk_in_a_namespace_at_the_left_edge_is_named_by_what_it_begins_in() -> None:
    body = "".join(f"  g({number});\n" for number in range(60))
    text = f"namespace a {{\n\nint f() {{\n{body}}}\n\nint h() {{\n{body}}}\n\n}}  // namespace a\n"
    options = ChunkOptions(max_tokens=96, min_tokens=0, context=True)
    records = list(chunk_text(text, language="C++", options=options).records(text.encode()))
    assert {each.symbol for each in records if 4 < each.start_line < 60} == {"a.f"}
    assert {each.symbol for each in records if 70 < each.start_line < 125} == {"a.h"}
    assert records[2].context == "namespace a {\nint f() {\n"


def test_what_a_literal_holds_is_no_definition() -> None:
    text = 'def f():\n    """Docs.\n\n    def g():\n        pass\n    """\n    x = """\nCREATE TABLE t (\n)\n"""\n'
    assert chunk_text(text, language="Python").defined.names == ["f"]


def test_a_test_case_of_another_language_has_its_name() -> None:
    found = chunk_text('test_that("a b", {\n  f()\n})\n', language="R")
    assert found.defined.names == ["a b"]


def test_a_macro_before_the_name_of_a_class_is_no_name() -> None:
    text = "class EXPORT A {\n  int f();\n};\nstruct API(1) B : C\n{\n};\n"
    assert chunk_text(text, language="C++").defined.names == ["A", "B"]


def test_a_chunk_in_a_later_clause_has_the_name_of_the_function() -> None:
    body = "".join(f"    call (value {number})\n" for number in range(60))
    text = f"run :: Int -> IO ()\nrun 0 = done\nrun x = do\n{body}"
    found = chunk_text(text, language="Haskell", options=ChunkOptions(max_tokens=96, min_tokens=0))
    assert len(found) > 2
    assert set(found.symbols) == {"run"}


def test_a_function_within_one_of_a_shell_ends_at_its_brace() -> None:
    text = "f() {\n  g() {\n    x\n  }\n" + "".join(f"  call {number}\n" for number in range(60)) + "}\n"
    found = chunk_text(text, language="Shell", options=ChunkOptions(max_tokens=96, min_tokens=0))
    assert set(found.symbols[1:]) == {"f"}
