"""A question that is the head of a definition, or a name that can be nothing else, gives the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from context.stores import functions, load, source, write_bytes

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.search.asked_definition import AskedDefinition, asked_definition
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from pathlib import Path

USES = b"".join(b"    use(Session, DEFAULT_LIMIT, %d)\n" % n for n in range(40))
TREE = {
    b"src/sessions.py": b"from limits import DEFAULT_LIMIT\n\n\nclass Session:\n    def send(self):\n"
    b"        return DEFAULT_LIMIT\n\n\n"
    + functions(30)
    + b"def session(limit=DEFAULT_LIMIT):\n    session = Session()\n    return session or Session\n",
    b"src/limits.py": functions(20, 100) + b"DEFAULT_LIMIT = 30\n" + functions(20, 200),
    b"src/uses.py": b"def uses(Session, DEFAULT_LIMIT):\n" + USES,
    b"tests/test_session.py": b"class Session:\n    pass\n\n\nDEFAULT_LIMIT = 3\n",
    b"docs/session.md": b"# class Session\n\nThe class Session.\n",
    b"c/sock.h": b"struct sock;\nstruct request;\n#define MAX_DEPTH 8\n\nstruct sock {\n\tint depth;\n};\n",
    b"c/sock.c": b"static struct sock *sock_alloc(int n)\n{\n\treturn use(MAX_DEPTH, n);\n}\n\n"
    b"int sock(void)\n{\n\treturn MAX_DEPTH;\n}\n",
    b"go/engine.go": b"package engine\n\ntype Engine struct {\n\tname string\n}\n\n"
    b"func (e *Engine) Serve(n int) int {\n\treturn n\n}\n",
    b"rust/engine.rs": b"pub trait Serve {\n    fn serve(&self);\n}\n\n"
    b"impl Serve for Other {\n    fn serve(&self) {}\n}\n",
}


def test_the_definition_of_the_name_and_kind_leads(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", TREE)
    load("c", source(tmp_path / "tree", max_tokens=64))
    wanted = {
        "class Session": (b"src/sessions.py", b"class Session:"),
        "class Session:": (b"src/sessions.py", b"class Session:"),
        "class session": (b"src/sessions.py", b"class Session:"),
        "Session": (b"src/sessions.py", b"class Session:"),
        "where is the Session class defined?": (b"src/sessions.py", b"class Session:"),
        "def session": (b"src/sessions.py", b"def session("),
        "function session(limit)": (b"src/sessions.py", b"def session("),
        "DEFAULT_LIMIT": (b"src/limits.py", b"DEFAULT_LIMIT = 30"),
        "struct sock": (b"c/sock.h", b"struct sock {"),
        "function sock": (b"c/sock.c", b"int sock(void)"),
        "#define MAX_DEPTH": (b"c/sock.h", b"#define MAX_DEPTH 8"),
        "macro MAX_DEPTH": (b"c/sock.h", b"#define MAX_DEPTH 8"),
        "MAX_DEPTH": (b"c/sock.h", b"#define MAX_DEPTH 8"),
        "type Engine struct": (b"go/engine.go", b"type Engine struct {"),
        "struct Engine": (b"go/engine.go", b"type Engine struct {"),
        "func (e *Engine) Serve(": (b"go/engine.go", b"func (e *Engine) Serve("),
        "trait Serve": (b"rust/engine.rs", b"pub trait Serve {"),
    }
    with ContextReader.open("c") as context, Searcher.open(context) as searcher:
        for text, place in wanted.items():
            answer = searcher.query(text).answers[0]
            assert answer.path == place[0], text
            assert place[1] in searcher.context.get(answer.id), text


def test_only_a_whole_question_is_a_head() -> None:
    for text, name, keyword in (
        ("class Session", "Session", "class"),
        ("pub async fn accept(&self)", "accept", "fn"),
        ("func (c *Context) Next() {", "Next", "func"),
        ("macro_rules! pin", "pin", "macro_rules!"),
        ("# define FOO(x)", "FOO", "#define"),
        ("find enum Color", "Color", "enum"),
        ("class" + " " * 300 + "Session", "Session", "class"),
        ("Session class", "Session", "class"),
        ("max_depth", "max_depth", None),
    ):
        assert asked_definition(text) == AskedDefinition(name, keyword), text
    for text in ("session", "type checking of values", "the test class", "class", "how does class Session close", ""):
        assert asked_definition(text) is None, text
