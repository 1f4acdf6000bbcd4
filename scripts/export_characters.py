"""Write the classes of characters that the split patterns of encodings tell apart, by the Unicode tables of `regex`.

    python scripts/export_characters.py [FILE]

The packaged counters follow Unicode 17.0; so must the `regex` package, whose tables are asked. FILE is the packaged
`exosuit_cli/tokens/data/characters.u32` unless named; `tokens.tables` says what it holds.
"""

from __future__ import annotations

import sys

import numpy as np
import regex

from exosuit_cli.model.counting_tables import CLASSES
from exosuit_cli.tokens.tables import CHARACTERS, CODE_POINTS

PATTERNS = {
    "newline": r"[\r\n]",
    "space": " ",
    "white": r"\s",
    "slash": "/",
    "apostrophe": "'",
    "upper": r"[\p{Lu}\p{Lt}]",
    "lower": r"\p{Ll}",
    "letter": r"[\p{Lm}\p{Lo}]",
    "mark": r"\p{M}",
    "number": r"\p{N}",
}
"""The first that matches a character names its class."""
NEW_IN_17, NEW_IN_18 = "\U00016ea0", "\U0001912f"  # the first is an upper-case letter, the second no longer unassigned


def main() -> int:
    if not regex.match(r"\p{Lu}", NEW_IN_17) or not regex.match(r"\p{Cn}", NEW_IN_18):
        print("the regex package does not follow Unicode 17.0; regex 2025.11.3 does", file=sys.stderr)
        return 2
    compiled = [(CLASSES.index(name), regex.compile(pattern)) for name, pattern in PATTERNS.items()]
    classes = np.zeros(CODE_POINTS, np.uint32)
    for code in range(CODE_POINTS):
        if not 0xD800 <= code < 0xE000:
            classes[code] = next((number for number, pattern in compiled if pattern.match(chr(code))), 0)
    firsts = np.flatnonzero(np.diff(classes, prepend=np.uint32(15)))
    (firsts.astype("<u4") << 4 | classes[firsts]).astype("<u4").tofile(sys.argv[1] if len(sys.argv) > 1 else CHARACTERS)
    print(f"{len(firsts)} runs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
