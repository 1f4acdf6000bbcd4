"""Comments, decorators and attributes stay with what they lead in to, also where that does not fit the cap."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

from .checks import parts

GO = "\n".join(
    [
        "package tree",
        "",
        *(f"var before{n} = {n}" for n in range(12)),
        "",
        "// add puts a node below another.",
        "// It is not safe",
        "// to be called twice.",
        "func add(path string) {",
        *(f"\tstep{n} := call(path, {n})\n\tuse(step{n})" for n in range(40)),
        "}",
        "",
    ]
)
PYTHON = "\n".join(
    [
        *(f"before{n} = {n}" for n in range(20)),
        "",
        "@command('run')",
        "@option(",
        "    '--host',",
        "    [",
        "        1,",
        "    ],",
        ")",
        "@option('--port')",
        "def run(host, port):",
        *(f"    step{n} = call(host, {n})" for n in range(40)),
        "",
    ]
)
RUST = "\n".join(
    [
        *(f"const BEFORE{n}: u8 = {n};" for n in range(12)),
        "",
        "/// What it holds.",
        "#[derive(",
        "    Clone,",
        ")]",
        "#[repr(C)]",
        "struct Wide {",
        *(f"    field{n}: u64," for n in range(60)),
        "}",
        "",
    ]
)


def begins(text: str, language: str, boundaries: str, cap: int) -> list[str]:
    """The first line of each chunk."""
    options = ChunkOptions(max_tokens=cap, min_tokens=0, boundaries=boundaries)
    chunks = chunk_text(text, language=language, options=options)
    assert chunks.fallback is None
    return [part.decode().split("\n", 1)[0] for part in parts(chunks, text.encode())]


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize("cap", [96, 128, 200])
@pytest.mark.parametrize(
    ("language", "text", "first", "torn"),
    [
        ("Go", GO, "// add puts", ("// It is", "// to be", "func add")),
        ("Python", PYTHON, "@command", ("@option", "    '--host'", "    [", "        1", "    ],", ")", "def run")),
        ("Rust", RUST, "/// What", ("#[", "    Clone", ")]", "struct Wide")),
    ],
)
def test_what_leads_in_is_not_torn(
    language: str, text: str, first: str, torn: tuple[str, ...], boundaries: str, cap: int
) -> None:
    lines = begins(text, language, boundaries, cap)
    assert any(line.startswith(first) for line in lines)
    assert not [line for line in lines if line.startswith(torn)]
    assert len(lines) > 3


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_comment_goes_where_the_definition_fits_without_it_only(boundaries: str) -> None:
    comment = "".join(f"// line {n} of what is said of it\n" for n in range(9))
    body = "".join(f"\tcall(a, {n})\n" for n in range(14))
    text = f"package p\n\n{comment}func f(a int) {{\n{body}}}\n\nvar after = 1\n"
    assert [line[:6] for line in begins(text, "Go", boundaries, 128)] == ["packag", "// lin", "func f"]


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_decorator_never_goes(boundaries: str) -> None:
    decorator = "@parametrize(" + ", ".join(f"'value {n}'" for n in range(14)) + ")\n"
    body = "".join(f"    call(a, {n})\n" for n in range(14))
    text = f"import a\n\n\n{decorator}def f(a):\n{body}\n\nafter = 1\n"
    assert not [line for line in begins(text, "Python", boundaries, 128) if line.startswith("def")]


def test_a_decorator_left_open_is_looked_for_within_its_own_file_and_not_without_end() -> None:
    text = "@open(\n" + "    1,\n" * 300 + ")\ndef f():\n" + "    a = 1\n" * 60
    lines = begins(text, "Python", "structure", 64)
    assert any(line.startswith("def f") for line in lines)  # too far from its decorator to be seen as its own


def test_a_body_is_not_split_from_its_header_where_it_alone_fits() -> None:
    body = "".join(f"\t\tcall(a, {n})\n" for n in range(20))
    text = f"package p\n\nfunc f(a int) {{\n\tif a > one + two + three + four {{\n{body}\t}}\n}}\n"
    assert [line.strip()[:6] for line in begins(text, "Go", "ast", 144)] == ["packag", "func f", "call(a"]
    assert begins(text, "Go", "ast", 144)[2] != "\t\tcall(a, 0)"


def test_a_chunk_within_one_definition_and_the_next_is_named_by_the_one_it_begins_in() -> None:
    first = "def first():\n" + "".join(f"    call({n})\n" for n in range(30))
    second = "\n\ndef second():\n    return 1\n\n\nafter = 2\n"
    text = first + second
    options = ChunkOptions(max_tokens=128, min_tokens=0, boundaries="ast")
    chunks = list(chunk_text(text, language="Python", options=options).records(text.encode()))
    assert [chunk.symbol for chunk in chunks] == ["first", "first"]
    assert "def second" in chunks[-1].text


def test_a_chunk_of_no_definition_at_its_start_is_named_by_the_first_in_it() -> None:
    text = "import os\n\n\ndef one():\n    return 1\n\n\ndef two():\n    return 2\n"
    chunks = chunk_text(text, language="Python", options=ChunkOptions(boundaries="ast"))
    chunk = next(iter(chunks.records(text.encode())))
    assert chunk.symbol == "one"


def test_brackets_within_a_text_do_not_count_for_the_rest_of_the_file() -> None:
    text = 'TAG = compile(r"\\[(")\n' + "".join(
        f"\n\ndef function{n}(x):\n" + "".join(f"    call({m}, x)\n" for m in range(9)) for n in range(9)
    )
    options = ChunkOptions(max_tokens=96, min_tokens=0)
    chunks = list(chunk_text(text, language="Python", options=options).records(text.encode()))
    assert [chunk.boundary for chunk in chunks] == ["file", *["definition"] * (len(chunks) - 1)]
    assert len(chunks) > 4


def test_an_attribute_with_a_comment_behind_it_stays_with_its_function() -> None:
    before = "".join(f"const B{n}: u8 = {n};\n" for n in range(8))
    body = "".join(f"    call(a, {n});\n" for n in range(4))
    text = f"{before}\n#[allow(dead_code)] // for the debugger\nfn shown(a: u8) {{\n{body}}}\n"
    lines = begins(text, "Rust", "ast", 80)
    assert lines[1:] == ["#[allow(dead_code)] // for the debugger"]


def test_attributes_stay_with_their_function_where_its_comment_goes() -> None:
    comment = "".join(f"/// line {n} of what is said of it at some length\n" for n in range(9))
    body = "".join(f"    call(a, {n});\n" for n in range(5))
    text = f"{comment}#[inline]\n#[must_use]\nfn f(a: u8) {{\n{body}}}\n"
    for boundaries in ("structure", "ast"):
        assert begins(text, "Rust", boundaries, 128)[1:] == ["#[inline]"], boundaries


def test_a_header_of_another_grammar_is_parsed_by_it() -> None:
    kind = "template <class T>\nclass Kind{n} : public Base<T> {{\n public:\n  T get() const {{ return t_; }}\n}};\n"
    text = "#pragma once\nnamespace a {\n" + "".join(kind.format(n=n) for n in range(9)) + "}\n"
    chunks = chunk_text(text, language="C", options=ChunkOptions(max_tokens=64, boundaries="ast"))
    assert chunks.fallback is None
    assert "a" in chunks.symbols


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_headings_go_with_a_list_that_does_not_fit_with_them(boundaries: str) -> None:
    items = "".join(f"- item number {n}\n" for n in range(20))
    text = "Before.\n\n# Two\n\n## Fixes\n\n" + items
    assert begins(text, "Markdown", boundaries, 122) == ["Before.", "# Two", "- item number 19"]


def test_an_attribute_that_goes_on_after_an_operator_stays_with_its_function() -> None:
    before = "".join(f"  def a{n}(x), do: x + {n}\n\n" for n in range(9))
    body = "".join(f"    call(x, {n})\n" for n in range(9))
    text = f"defmodule A do\n{before}  @spec build(x, y) ::\n      a |\n      b\n  def build(x) do\n{body}  end\nend\n"
    for cap in range(40, 180, 20):
        firsts = [each.strip() for each in begins(text, "Elixir", "structure", cap)]
        assert not {"def build(x) do", "a |", "b"} & set(firsts), firsts
