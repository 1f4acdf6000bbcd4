"""Where blocks are words: what goes on with a header, what ends a block, and bodies at the edge of their header."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.tokens import load_counter

ADA = """   procedure Set_{n}
     (Name : String;
      Mode : Integer)
   is
      Count : Integer := 0;

   begin
      Count := Count + {n};
      if Mode > Count then
         Put_Line (Name);
      end if;
   end Set_{n};
"""
PASCAL = """procedure TForm.Click{n}(Sender: TObject; Kind: TKind;
  Flags: Cardinal);
var
  Found: Boolean;

begin
  Found := Search({n});
  if Found then
    Close;
end;
"""
SQL = """CREATE FUNCTION area_{n}(width integer, height integer)
RETURNS integer
LANGUAGE plpgsql
AS $body$
DECLARE
    found integer;
BEGIN
    found := width * height * {n};
    RETURN found;
END;
$body$;
"""
FORTRAN = """  subroutine step_{n}(error_count)

  integer, intent(inout) :: error_count

  ! what follows is as far to the left as the header
  call open_file({n})
  call read_file({n}, error_count)

  if (error_count == {n}) then
  print *, 'done'
  end if

  end subroutine step_{n}
"""
OBJECTIVE = """@implementation Shape{n}

@synthesize width = _width;

- (int)area {{
    return self.width * {n};
}}

- (int)border {{
    return self.width + {n};
}}

@end
"""
MATLAB = """  ## -*- texinfo -*-
  ## The area of a shape, as a whole number.
  ## It is at least {n}.
  function found = area_{n} (width)

    found = width * {n};

  endfunction
"""
BASIC = """    ' The area of a shape, as a whole number.
    ' It is at least {n}.
    Function Area{n}(width As Integer) As Integer

        Return width * {n}

    End Function
"""


def _firsts(text: str, language: str, cap: int) -> list[str]:
    """The first line with ink of every chunk."""
    chunks = chunk_text(text, language=language, options=ChunkOptions(max_tokens=cap, min_tokens=0))
    data = text.encode()
    return [data[start:].lstrip().split(b"\n")[0].decode().strip() for start in chunks.starts.tolist()]


@pytest.mark.parametrize(
    ("language", "unit", "begin"),
    [
        ("Ada", ADA, "procedure Set_"),
        ("Pascal", PASCAL, "procedure TForm.Click"),
        ("SQL", SQL, "CREATE FUNCTION area_"),
        ("SQL", SQL.lower(), "create function area_"),
        ("Fortran Free Form", FORTRAN, "subroutine step_"),
        ("Fortran Free Form", FORTRAN.upper().replace("{N}", "{n}"), "SUBROUTINE STEP_"),
        ("Objective-C", OBJECTIVE, "@implementation Shape"),
        ("MATLAB", MATLAB, "## -*- texinfo -*-"),
        ("Visual Basic .NET", BASIC, "' The area of a shape"),
    ],
)
def test_what_belongs_together_is_not_cut(language: str, unit: str, begin: str) -> None:
    """A cap that holds one unit and most of the next cuts before the units only."""
    units = [unit.format(n=n) for n in range(10, 16)]
    cap = int(load_counter("o200k_base").count(units[0].encode()) * 1.9)
    firsts = _firsts("\n".join(units), language, max(cap, 16))
    assert len(firsts) == len(units)
    assert all(first.startswith(begin) for first in firsts)


def test_a_part_of_a_class_does_not_begin_anything() -> None:
    """Where `public` and the like stand alone, as far to the left as the class; a method may begin with the word."""
    parts = "".join(f"  {word}\n    Count{word}: Integer;\n    Name{word}: String;\n" for word in ("private", "PUBLIC"))
    units = [f"  TShape{n} = class(TObject)\n{parts}  end;\n" for n in range(10, 14)]
    cap = int(load_counter("o200k_base").count(units[0].encode()) * 1.9)
    assert all(first.startswith("TShape") for first in _firsts("\n".join(units), "Pascal", cap))


def test_a_string_that_values_are_joined_to_is_whole() -> None:
    """The line where a string ends and the next one begins has two marks, or doubled ones."""
    query = "SET @q = N'\nSELECT a\n\nFROM ' + @base + N'.t\n\nWHERE k = ''x''\n\nAND b > 0\n';\n"
    filler = "".join(f"EXEC step_{n} @one = {n}, @two = 'text';\n" for n in range(8))
    chunks = chunk_text(filler + query + filler, language="TSQL", options=ChunkOptions(max_tokens=100, min_tokens=0))
    text = (filler + query + filler).encode()
    begin, end = text.index(b"SET @q"), text.index(b"\n';") + 3
    assert not any(begin < start < end for start in chunks.starts.tolist())


def test_the_end_of_a_class_is_its_last_line() -> None:
    """No blank line need be behind `@end` of Objective-C; a decorator of that name stays with its function."""
    units = [
        f"@interface Shape{n} : NSObject\n- (int)area;\n- (int)border:(int)width;\n- (void)draw;\n@end\n"
        for n in range(10, 16)
    ]
    cap = int(load_counter("o200k_base").count(units[0].encode()) * 1.9)
    firsts = _firsts("".join(units), "Objective-C", cap)
    assert firsts == [f"@interface Shape{n} : NSObject" for n in range(10, 16)]
    units = [f"x{n} = step({n})\n@end\ndef f{n}(a, b):\n    return a * {n} + b\n" for n in range(10, 16)]
    cap = int(load_counter("o200k_base").count(units[0].encode()) * 1.9)
    assert not any(first.startswith("def") for first in _firsts("".join(units), "Python", cap))
