"""A name gives its implementation first, and a qualified one nothing of other owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.stores import functions, load, source, write_bytes

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.search.definers import definers_of
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from pathlib import Path

TREE = {
    b"core.py": b"import typing as t\n\n\nclass Context:\n    @t.overload\n"
    b"    def invoke(self, call: int) -> int: ...\n\n"
    b"    @t.overload\n    def invoke(\n        self, call: str\n    ) -> str:\n        ...\n\n"
    b"    def invoke(self, call):\n        # the one that does it\n        return call\n\n\n"
    + functions(30)
    + b"class Command:\n    def invoke(self):\n        return 1\n",
    b"api.ts": b"export function pick(a: string): void;\nexport function pick(a: any) {\n  return a;\n}\n",
    b"sock.h": b"int sock_open(int n);\n",
    b"sock.c": b"int sock_open(int n)\n{\n\treturn n;\n}\n",
    b"gin.go": b"package gin\n\nfunc (e *Engine) Run(n int) int {\n\treturn n\n}\n\n"
    b"func (c *Context) Run(n int) int {\n\treturn n\n}\n",
}


def test_the_implementation_leads_and_a_qualifier_is_kept(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", TREE)
    load("c", source(tmp_path / "tree", max_tokens=64))
    with ContextReader.open("c") as context, Searcher.open(context) as searcher:

        def lines(name: str) -> list[tuple[bytes, int]]:
            return [(each.path, each.definition.line) for each in definers_of(searcher, name)]

        assert lines("Context.invoke") == [(b"core.py", 14), (b"core.py", 6), (b"core.py", 9)]
        assert len(lines("Command.invoke")) == 1
        assert lines("invoke")[0] == (b"core.py", 14)
        assert len(lines("invoke")) == len(lines("Nothing.invoke")) == 4
        assert lines("pick") == [(b"api.ts", 2), (b"api.ts", 1)]
        assert lines("sock_open") == [(b"sock.c", 1)]
        assert lines("Context.Run") == [(b"gin.go", 7)]
