"""Comments at the left edge within a block, and banners."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text


def first_lines(text: str, language: str, cap: int) -> list[int]:
    """The lines that chunks begin with, from 1."""
    options = ChunkOptions(max_tokens=cap, min_tokens=0)
    found: list[int] = chunk_text(text, language=language, options=options).start_lines.tolist()
    return found


@pytest.mark.parametrize(
    ("language", "head", "mark", "tail"),
    [("C", "int f(void)\n{\n", "//", "}\n"), ("Python", "def f(x):\n", "#", ""), ("YAML", "jobs:\n", "#", "")],
)
def test_what_is_commented_out_at_the_edge_begins_nothing(language: str, head: str, mark: str, tail: str) -> None:
    line = "    - call: value\n" if language == "YAML" else "    call(value);\n"
    first = head + line * 20
    text = first + f"{mark}{line}" + line * 40 + tail
    place = first.count("\n") + 1
    begun = first_lines(text, language, 192)
    assert len(begun) > 1
    assert not {place, place + 1} & set(begun)


@pytest.mark.parametrize(
    ("language", "mark", "code"),
    [
        ("Haskell", "--", "f{0} :: Int -> Int\nf{0} x = g (h (x + {0}))\n"),
        ("C", "//", "int f{0}(int x)\n{{\n\treturn g(h(x + {0}));\n}}\n"),
        ("Python", "#", "def f{0}(x):\n    return g(h(x + {0}))\n\n"),
    ],
)
def test_a_banner_goes_with_what_follows_it(language: str, mark: str, code: str) -> None:
    part = "\n".join(code.format(number) for number in range(5))
    banner = f"{mark}{'-' * 40}\n{mark} Encoders\n{mark}{'-' * 40}\n\n"
    text = part + "\n" + (banner + part + "\n") * 3
    lines = text.split("\n")
    for cap in range(96, 256, 16):
        for line in first_lines(text, language, cap)[1:]:
            assert lines[line - 2] or not lines[line - 3].startswith(f"{mark}---")


def test_the_frame_of_a_licence_goes_with_nothing() -> None:
    frame = f"//{'-' * 60}\n" + "// A licence of some words, at some length.\n" * 8 + f"//{'-' * 60}\n\n"
    text = frame + "int f(int x)\n{\n" + "\treturn g(h(x + 1));\n" * 16 + "}\n"
    assert 12 in first_lines(text, "C", 192)


def test_titles_of_sections_within_a_block_are_borders() -> None:
    rows = "\t\t3106FB61 /* a.swift in Sources */ = {isa = PBXBuildFile; fileRef = 3106FB60; };\n" * 6
    parts = [f"/* Begin {name} section */\n{rows}/* End {name} section */\n\n" for name in ("A", "B", "C", "D")]
    text = "{\n\tobjects = {\n\n" + "".join(parts) + "\t};\n}\n"
    lines = text.split("\n")
    begun = [lines[line - 1] for line in first_lines(text, "OpenStep Property List", 320)]
    assert begun[1:] == [f"/* Begin {name} section */" for name in ("B", "C", "D")]


def test_a_comment_behind_a_block_is_a_border_whatever_follows_it() -> None:
    rule = ".popover .arrow {\n  @apply border-zinc-300 bg-zinc-100;\n}\n\n"
    text = rule * 3 + "/* Buttons */\n" + "  .button {\n    color: red;\n  }\n\n" * 12
    assert first_lines(text, "CSS", 80)[1] == rule.count("\n") * 3 + 1
