"""A definition that ends on its own line encloses nothing; a type right above a definition stays with it."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

ROWS = "".join(f"    (call-with-a-value a {number})\n" for number in range(14))


def defined(text: str, language: str) -> list[str]:
    """The names of all that is defined."""
    found = chunk_text(text, language=language)
    return [each.name for own in found.defined.by_chunk(len(found)) for each in own]


@pytest.mark.parametrize(
    ("language", "text", "wanted"),
    [
        (
            "Racket",
            "(define (f . vs) (filter values vs))\n(begin-for-syntax\n  (define g 1)\n  (define h 2))\n",
            "f g h",
        ),
        ("Racket", "(define (f a)\n  a)\n(begin-for-syntax\n  (define g 1))\n", "f g"),
        ("Racket", "(define (f a)\n  (define (g b)\n    b)\n  a)\n", "f f.g"),
        ("Racket", '(define (f a)\n  (define (g b) #\\( ")" b) ; (\n    (define h 1)\n  a)\n', "f f.g f.h"),
        ("Clojure", "(def a {:b [1]})\n(comment\n  (defn g [x] x)\n    (defn h [x] x))\n", "a g h"),
        ("Emacs Lisp", "(defvar a nil)\n(when a\n  (defun g () 1))\n", "a g"),
        ("Rust", "fn f() {}\n  fn g() {\n  }\n", "f g"),
        ("C++", 'struct A { char a = "{"[0]; }; // {}\n', "A"),
        ("TypeScript", "export class A {}\n  function g() {\n  }\n", "A g"),
        ("Rust", "mod a {\n    fn f() { b('{') }\n        fn g() {\n        }\n}\n", "a a.f a.g"),
        ("Ruby", "def f options = {}\n  def g\n  end\nend\n", "f f.g"),
    ],
)
def test_what_is_closed_on_its_line_encloses_nothing(language: str, text: str, wanted: str) -> None:
    assert defined(text, language) == wanted.split()


def test_a_chunk_after_what_is_closed_is_not_named_by_it() -> None:
    text = f"(define (f . vs) (filter values vs))\n(begin-for-syntax\n{ROWS}  (define (g a)\n{ROWS}))\n"
    options = ChunkOptions(max_tokens=128, min_tokens=0, context=True)
    records = list(chunk_text(text, language="Racket", options=options).records(text.encode()))
    assert len(records) > 3
    after = [each for each in records if each.start_line > 2]
    assert {each.symbol for each in after} <= {None, "g"}
    assert not [each for each in after if "(define (f" in (each.context or "")]


@pytest.mark.parametrize(
    ("language", "head"),
    [
        ("Elm", "view : Model -> Html\nview model ="),
        ("Elm", "view :\n    Model\n    -> Html\nview model ="),
        ("PureScript", "view :: Model -> Html\nview model ="),
        ("Haskell", "view :: Model\n     -> Html\nview model ="),
    ],
)
@pytest.mark.parametrize("rows", [5, 8, 11])
def test_a_type_right_above_stays_with_its_definition(language: str, head: str, rows: int) -> None:
    body = "".join(f"    call model {number}\n" for number in range(12))
    before = "".join(f"        one {number}\n" for number in range(rows))
    text = f"first =\n{before}\n\n{head}\n{body}\n\nlast =\n{body}"
    options = ChunkOptions(max_tokens=96, min_tokens=0)
    records = list(chunk_text(text, language=language, options=options).records(text.encode()))
    assert not [each for each in records if each.text.startswith("view model")]
    (own,) = [each for each in records if "view model" in each.text]
    assert own.symbol == ("view" if own.text.lstrip().startswith("view") else "first")
    assert "view" in {each.name for each in own.symbols}


def test_a_second_clause_is_a_border_as_before() -> None:
    text = "f :: Int -> Int\nf 0 = 1\nf n = n\n\ng = 1\n"
    assert defined(text, "Haskell") == ["f", "g"]
