"""Definitions of languages whose heads have no plain keyword before the name: clauses, equations, bindings, outputs."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

SAMPLES = {
    "Erlang": (
        """\
-module(m).
-record(state, {a = 1,
  b}).
f(X) ->
    g(X);
f(Y) ->
    Y.

'odd name'(X) -> X.
""",
        "state struct 2; f function 4; odd name function 9",
    ),
    "Elm": (
        """\
type alias Person =
    { name : String }

view : Model -> Html
view model =
    text model

main =
    1
""",
        "Person type 1; view function 4; main function 8",
    ),
    "Haskell": (
        """\
run :: Int -> Int
run x = x

walk t acc =
    case t of
        A -> acc
""",
        "run function 1; walk function 4",
    ),
    "F#": (
        """\
module A =
    let f (x: int) =
        let y =
            1
        x + y

type T() =
    member this.Go(x) =
        x
    override _.Stop() = ()
""",
        "A module 1; A.f function 2; T type 7; T.Go function 8; T.Stop function 10",
    ),
    "OCaml": (
        """\
let rec f x =
  x

let ( >>= ) a b = a

module M = struct
  let g () = 1
end
""",
        "f function 1; >>= function 4; M module 6; M.g function 7",
    ),
    "Standard ML": (
        """\
structure S = struct
  fun 'a f (x, y) = x
  val n = 1
end
""",
        "S module 1; S.f function 2; S.n constant 3",
    ),
    "Fortran Free Form": (
        """\
MODULE shapes
  type :: point
  end type
contains
  pure integer function area(w)
  end function
  module procedure other
  Subroutine Draw (x)
  end subroutine
  integer :: functional
end module shapes
""",
        "shapes module 1; shapes.point type 2; shapes.area function 5; shapes.Draw function 8",
    ),
    "MATLAB": (
        """\
classdef (Sealed) Shape < handle
  methods
    function [a, b] = area (this, w)
    end
    function draw
    end
  end
end
""",
        "Shape class 1; Shape.area method 3; Shape.draw method 5",
    ),
    "Vim script": (
        """\
function! s:Menu.Add(item) abort
endfunction

fu! ale#list#Get()
endfu
""",
        "s.Menu.Add function 1; ale#list#Get function 4",
    ),
    "PLSQL": (
        """\
create or replace type body shape as
  overriding member function area return integer is
  begin
  end;
end;
""",
        "shape type 1; shape.area function 2",
    ),
    "Racket": (
        """\
(define (outer x)
  (define (inner y)
    y)
  x)
""",
        "outer function 1; outer.inner function 2",
    ),
    "Dart": (
        """\
class A {
  Future<void> _run(
    int a,
  ) async {
    call(
      a,
    );
  }
}
""",
        "A class 1; A._run method 2",
    ),
}


@pytest.mark.parametrize("language", SAMPLES)
def test_the_definitions_of_a_text(language: str) -> None:
    text, expected = SAMPLES[language]
    chunks = chunk_text(text, language=language, options=ChunkOptions())
    found = [each for own in chunks.defined.by_chunk(len(chunks)) for each in own]
    assert "; ".join(f"{each.name} {each.kind.label} {each.line}" for each in found) == expected
