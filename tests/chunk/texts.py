"""Texts that are hard to cut: for Hypothesis, and a few by name."""

from __future__ import annotations

import random

from hypothesis import strategies as st

LANGUAGES = [
    *("", "Python", "C", "Go", "JavaScript", "Markdown", "reStructuredText", "JSON", "YAML", "TOML", "Lua"),
    *("Emacs Lisp", "TeX", "Jupyter Notebook", "Shell", "HTML"),
]
"""One or more of every style of the structure rules, and the unknown one."""

LINES = [
    *("", " ", "\t", "  \t ", "\f", "\x0b", "\r", "\x1c", "\x85", "\ufeff"),
    *("/", "//", "/ x", "  / 2", "/*", " * text", "*/", "// a comment of some words", "# a comment", "## Heading", "#"),
    *(
        "\u00a0x = 1",
        "\u3000全角",
        "\u2028x",
        " \u00a0 y",
        "\u2003",
        "\u00a0",
        "\u3000",
        "\u3000\u3000",
        "é = 1",
        "漢字",
        "\u0301a",
        "\U0001f468\u200d\U0001f469",
    ),
    *("}", "};", "})", "]", "] = x", "{", "[", "(", "else:", "  else {", "end", "fi", "#endif", "#else", "except E:"),
    *(
        "def f(x):",
        "    return x",
        "class A:",
        "    def g(self):",
        "        pass",
        "@decorator",
        "func main() {",
        "\treturn",
    ),
    *(
        "int main(void)",
        "template",
        "key: value",
        "- item",
        '  "key": 1,',
        "[table]",
        "a = 1,",
        "Title",
        "=====",
        "-----",
        "```",
        "~~~",
    ),
    *("1", "12345678901234567890", "'s", "don't", "a'\u017f", "word " * 9, "x" * 40, "=" * 70, ")]}>,;" * 9),
]
ENDS = ["\n", "\n", "\n", "\n", "\r\n", "\n\n", "\n\n\n\n\n", "\r\r\n", "\r", "", "\n\f\n", "\n \n", "\n\t"]
_PIECES = [
    "}\n\n/*",
    "}\r\n\r\n/*",
    "\n" * 40,
    "\r\n" * 20,
    "\n\n/x",
    ";\n/\n",
    "\n /",
    "\n\u00a0",
    "\n\u3000",
    "\n\x85",
    " \n ",
    "\r\n\n\r",
]

_line = st.builds(
    lambda indent, line, end: indent + line + end,
    st.sampled_from(["", "", "", "  ", "    ", "\t", "\t\t", " \t", " " * 12]),
    st.sampled_from(LINES),
    st.sampled_from(ENDS),
)
_words = st.text(st.sampled_from("abcdef ghij;,.(){}[]/'\"=0123456789\té漢"), min_size=1, max_size=200)
texts = st.lists(st.one_of(_line, _line, _line, st.sampled_from(_PIECES), _words), max_size=60).map("".join)

# No lead byte of a sequence that could by chance be a letter of Unicode 17, on which the packages disagree.
_octets = st.lists(
    st.sampled_from([*b"\n\n\r\t\x01\x0b\x0c\x1f ax/{}0", 0x7F, 0x80, 0xBF, 0xC2, 0xC3, 0xE4, 0xF0, 0xFE, 0xFF]),
    max_size=40,
).map(bytes)
contents = st.one_of(
    texts.map(str.encode),
    texts.map(str.encode),
    st.lists(st.one_of(_line.map(str.encode), _octets), max_size=40).map(b"".join),
)
"""Texts as bytes, some of them no valid UTF-8."""


def minified(size: int, seed: int = 1) -> bytes:
    """One line of code."""
    rng = random.Random(seed)
    names = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 3))) for _ in range(60)]
    code = ""
    while len(code) < size:
        a, b, c = rng.choices(names, k=3)
        code += f'function({a},{b}){{"use strict";if(!{a}.{b})return {b}[{rng.randrange(999)}];{c}={a}||"é\u2003"+{b}}}'
    return code.encode()


def _letters(size: int) -> bytes:
    return "".join(random.Random(2).choices("abcdefghijklmnopqrstuvwxyz", k=size)).encode()


GIANT_LINES = {
    "a": b"a" * 20_000,
    "random letters": _letters(20_000),
    "spaces": b" " * 30_000,
    "tabs": b"\t" * 20_000,
    "slashes": b"/" * 20_000,
    "CJK": "漢字仮名交じり文".encode() * 1000,
    "one CJK character": "漢".encode() * 6000,
    "emoji": "\U0001f468\u200d\U0001f469\u200d\U0001f467".encode() * 1000,
    "marks": b"a" + "\u0301".encode() * 8000,
    "no-break spaces": "\u00a0".encode() * 8000,
    "digits": b"7" * 20_000,
    "lone CR": b"\r" * 20_000,
    "words with lone CR": b"word\r" * 4000,
    "CRLF": b"\r\n" * 5000,
    "newlines": b"\n" * 20_000,
    "minified": minified(30_000),
    "continuation bytes": b"\x80" * 8000,
    "cut-off sequences": b"\xe4\xb8" * 5000,
    "garbage": bytes(random.Random(3).choices([0x80, 0xBF, 0xC3, 0xE4, 0xF0, 0xFF, *b"a \r"], k=15_000)),
    "quotes": b"'" * 9000,
}
"""Texts of one line each, but for the newlines."""


def program(functions: int, seed: int = 4) -> bytes:
    """A Python module of small functions, no two alike."""
    rng = random.Random(seed)
    parts = ['"""A module."""\n\nimport os\n']
    for number in range(functions):
        lines = [f"\n\n# About {number}.\n"] if rng.random() < 0.5 else ["\n\n"]
        lines.append(f"def function_{number}(x, y):\n")
        for step in range(rng.randint(1, 12)):
            branch = f"    if x > {rng.randrange(1000)}:\n        y += x * {step}\n"
            plain = f"    x = y + {rng.randrange(10**6)}\n"
            lines.append(branch if rng.random() < 0.3 else plain)
        lines.append("    return x\n")
        parts += lines
    return "".join(parts).encode()
