"""Python modules as people write them, made from a seed: the same bytes under every Python."""

from __future__ import annotations

import random
from typing import Any

NAMES = ["batch", "cursor", "digest", "entry", "field", "group", "header", "index", "job", "key", "line", "message"]
VERBS = ["add", "build", "check", "close", "drop", "find", "merge", "open", "parse", "read", "send", "write"]
WORDS = [
    "the",
    "bytes",
    "of",
    "a",
    "record",
    "are",
    "kept",
    "until",
    "every",
    "reader",
    "has",
    "seen",
    "them",
    "in",
    "order",
]
DECORATORS = [
    "property",
    "staticmethod",
    "functools.cache",
    "registry.add('{0}', first=True)",
    "wraps(\n{1}    {0},\n{1})",
]


class Writer:
    """Writes one module; what it does next depends on its random numbers only."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._lines: list[str] = []
        self._names = 0

    def module(self, size: int) -> bytes:
        """A module of about `size` bytes."""
        if self._maybe(0.8):
            self._docstring("")
        for name in self._some(NAMES, 1, 4):
            self._add("", f"import {name}")
        while sum(map(len, self._lines)) < size:
            self._blanks(0, 3)
            self._pick(self._function, self._function, self._class, self._class, self._table, self._conditional)("", 0)
        return ("\n".join(self._lines) + "\n" * self._random.randrange(3)).encode()

    def _class(self, indent: str, depth: int) -> None:
        self._lead(indent)
        bases = ", ".join(self._some(NAMES, 0, 2))
        self._add(indent, f"class {self._name().title()}{f'({bases})' if bases else ''}:")
        inner = indent + "    "
        if self._maybe(0.7):
            self._docstring(inner)
        for _ in range(self._random.randrange(1, 9)):
            makers = [self._function] * 5 + [self._assignment, self._table, self._comment, self._stub]
            if depth < 2:
                makers += [self._class, self._conditional]
            self._blanks(0, 2)
            self._pick(*makers)(inner, depth + 1)
        self._add(inner, "kind = None")
        self._ending(inner)

    def _function(self, indent: str, depth: int) -> None:
        self._lead(indent)
        word = "async def" if self._maybe(0.1) else "def"
        parameters = self._some(NAMES, 0, 4)
        if self._maybe(0.2):
            spread = "".join(f"{indent}    {name}: int = {self._number()},\n" for name in parameters)
            self._add(indent, f"{word} {self._name()}(\n{spread}{indent}):")
        else:
            self._add(indent, f"{word} {self._name()}({', '.join(parameters)}):")
        inner = indent + "    "
        if self._maybe(0.6):
            self._docstring(inner)
        self._body(inner, depth, self._pick(1, 2, 4, 8, 16, 30))
        self._ending(inner)

    def _stub(self, indent: str, depth: int) -> None:
        self._add(indent, f"def {self._name()}({', '.join(self._some(NAMES, 0, 2))}): {self._pick('...', 'pass')}")

    def _conditional(self, indent: str, depth: int) -> None:
        """Definitions in the branches of a statement."""
        self._add(indent, self._pick("if sys.platform == 'linux':", "try:", "with guard():"))
        opened = self._lines[-1].strip()
        self._function(indent + "    ", depth + 1)
        if opened != "with guard():":
            self._add(indent, "else:" if opened.startswith("if") else "except ImportError:")
            self._pick(self._function, self._assignment)(indent + "    ", depth + 1)

    def _body(self, indent: str, depth: int, statements: int) -> None:
        for _ in range(statements):
            makers = [self._assignment] * 6 + [self._call, self._comment, self._table]
            if len(indent) < 20:
                makers += [self._loop, self._loop]
            if depth < 2:
                makers += [self._function]
            self._pick(*makers)(indent, depth + 1)
            if self._maybe(0.1):
                self._blanks(1, 1)
        self._add(indent, f"return {self._pick(*NAMES)}")

    def _loop(self, indent: str, depth: int) -> None:
        name, other = self._some(NAMES, 2, 2)
        head = self._pick(f"for {name} in {other}:", f"while {name} < {other}:", f"if {name} is not {other}:")
        self._add(indent, head)
        self._body(indent + "    ", depth, self._random.randrange(1, 4))
        if self._lines and self._maybe(0.3):
            self._add(indent, "else:")
            self._call(indent + "    ", depth)

    def _assignment(self, indent: str, depth: int) -> None:
        self._add(indent, f"{self._pick(*NAMES)} = {self._pick(*NAMES)}.{self._pick(*VERBS)}({self._number()})")

    def _call(self, indent: str, depth: int) -> None:
        arguments = "".join(f"{indent}    {name},\n" for name in self._some(NAMES, 1, 4))
        self._add(indent, f"{self._pick(*VERBS)}(\n{arguments}{indent})")

    def _table(self, indent: str, depth: int) -> None:
        rows = "".join(
            f"{indent}    {name!r}: [{self._number()}, {self._number()}],\n" for name in self._some(NAMES, 1, 12)
        )
        self._add(indent, f"{self._pick(*NAMES)} = {{\n{rows}{indent}}}")

    def _comment(self, indent: str, depth: int) -> None:
        for _ in range(self._random.randrange(1, 4)):
            self._add(indent, f"# {self._sentence()}")

    def _lead(self, indent: str) -> None:
        """Comments and decorators, of none to many lines."""
        if self._maybe(0.3):
            self._comment(indent, 0)
        for _ in range(self._pick(0, 0, 0, 1, 1, 2)):
            self._add(indent, "@" + self._pick(*DECORATORS).format(self._pick(*NAMES), indent))

    def _ending(self, indent: str) -> None:
        """A comment below the last statement, which belongs to the definition."""
        if self._maybe(0.1):
            self._comment(indent, 0)

    def _docstring(self, indent: str) -> None:
        if self._maybe(0.5):
            self._add(indent, f'"""{self._sentence()}"""')
            return
        more = "".join(f"{indent}{self._sentence()}\n" for _ in range(self._random.randrange(1, 9)))
        self._add(indent, f'"""{self._sentence()}\n\n{more}{indent}"""')

    def _blanks(self, least: int, most: int) -> None:
        self._lines += [""] * self._random.randrange(least, most + 1)

    def _add(self, indent: str, text: str) -> None:
        self._lines += f"{indent}{text}".split("\n")

    def _name(self) -> str:
        self._names += 1
        return f"{self._pick(*VERBS)}_{self._pick(*NAMES)}_{self._names}"

    def _sentence(self) -> str:
        return " ".join(self._pick(*WORDS) for _ in range(self._random.randrange(4, 14))).capitalize() + "."

    def _number(self) -> int:
        return self._random.getrandbits(self._pick(3, 8, 24))

    def _maybe(self, chance: float) -> bool:
        return self._random.random() < chance

    def _pick(self, *values: Any) -> Any:
        return values[self._random.randrange(len(values))]

    def _some(self, values: list[str], least: int, most: int) -> list[str]:
        return [self._pick(*values) for _ in range(self._random.randrange(least, most + 1))]


def python_module(seed: int) -> bytes:
    """A module of a few hundred bytes to some forty thousand, by its seed."""
    return Writer(seed).module(300 << seed % 8)
