"""`exosuit query`, `outline` and `related` as they are typed: answers, documents, freshness, bad input."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hostile.harness import UNPRIVILEGED
from jsonschema import Draft202012Validator
from trees import write

from exosuit_cli.cli.app import app
from exosuit_cli.cli.usage import run_app
from exosuit_cli.model.marks import is_marked
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable

    RunExosuit = Callable[..., "Done"]

FILES = {
    "src/session.py": b'"""Sessions."""\n\n\nclass CookieSession:\n    """A session in a signed cookie."""\n\n'
    b"    def sign_cookie(self, secret):\n        return make_signature(secret, self.payload)\n\n"
    b"    def open_session(self, request):\n        return self.sign_cookie(request.secret)\n",
    "src/crypto.py": b"def make_signature(secret, payload):\n    return hash((secret, payload))\n",
    "src/note.py": b"# make_signature and its uses\nnote = 1\n",
    "src/twin.py": b"def make_signature(secret, payload):\n    return hash((secret, payload))\n",
    "src/server.c": b"static int listen_backlog(int queue)\n{\n\treturn queue > 128 ? 128 : queue;\n}\n",
    "tests/test_session.py": b"def test_sign_cookie():\n    assert CookieSession().sign_cookie('x')\n",
    "docs/cookies.md": b"# Cookies\n\nA cookie is signed with the secret key.\n",
    "setup.cfg": b"[tool]\ncookie = yes\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", FILES)
    return tmp_path / "tree"


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> RunExosuit:
    """Run the command in this process, which has its modules and no vocabulary to load where nothing is cut."""

    def run_here(*arguments: object, cwd: Path | None = None, typed: bytes = b"") -> Done:
        with monkeypatch.context() as patch:
            if cwd is not None:
                patch.chdir(cwd)
            patch.setattr(sys, "argv", ["exosuit", *map(str, arguments)])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed)))
            capfd.readouterr()
            code = run_app(app)
        shown = capfd.readouterr()
        return Done(code, shown.out.encode(), shown.err.encode())

    return run_here


def document(run: RunExosuit, *arguments: object, code: int = 0, **options: Any) -> dict[str, Any]:
    """The document of a command, which has to have the shape of its schema."""
    done = run(*arguments, "--json", **options)
    assert done.returncode == code, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    name = found["schema"].removeprefix("exosuit.").removesuffix("/1")
    schema = json.loads((resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text())
    Draft202012Validator(schema).validate(found)
    return found


def paths(found: dict[str, Any]) -> list[str]:
    return [each["path"] for each in found["results"]]


def test_the_first_query_indexes_and_later_ones_are_right_after_a_checkout(
    run: RunExosuit, tree: Path, git: str
) -> None:
    def in_git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
        subprocess.run([git, *identity, *words], cwd=tree, check=True, capture_output=True)

    in_git("init")
    in_git("add", ".")
    in_git("commit", "-m", "first")
    first = document(run, "query", "how is the cookie signed", cwd=tree)
    assert (first["context"], first["base"], first["index"]["files"]) == ("tree", str(tree), len(FILES))
    assert first["index"]["refreshed"] == len(FILES)
    top = next(each for each in first["results"] if each["path"] == "src/session.py")
    assert (top["start_line"], top["language"], top["symbol"]) == (1, "Python", "CookieSession.sign_cookie")
    assert top["text"].encode() == FILES["src/session.py"]
    in_git("checkout", "-b", "other")
    (tree / "src" / "session.py").unlink()
    (tree / "src" / "server.c").rename(tree / "src" / "listener.c")
    (tree / "src" / "crypto.py").write_text("def rotate_the_keys(cookie):\n    return signed_twice(cookie)\n")
    second = document(run, "query", "sign_cookie listen_backlog rotate_the_keys", cwd=tree)
    assert second["index"]["refreshed"] == 4
    assert {"src/listener.c", "src/crypto.py"} <= set(paths(second))
    assert "src/session.py" not in paths(second)
    in_git("add", ".")
    in_git("commit", "-m", "second")
    in_git("checkout", "main")
    third = document(run, "query", "sign_cookie listen_backlog rotate_the_keys", cwd=tree)
    assert {"src/session.py", "src/server.c"} <= set(paths(third))
    assert "src/listener.c" not in paths(third)
    assert all("rotate_the_keys" not in each["text"] for each in third["results"])
    assert document(run, "query", "cookie", cwd=tree)["index"]["refreshed"] == 0


def test_a_query_is_narrowed_by_paths_and_filters(run: RunExosuit, tree: Path) -> None:
    whole = document(run, "query", "cookie", tree)
    assert set(paths(whole)) > {"src/session.py", "docs/cookies.md"}
    below = document(run, "query", "cookie", tree / "src")
    assert (paths(below), below["base"], below["context"]) == (["session.py"], str(tree / "src"), "tree")
    assert paths(document(run, "query", "cookie", tree, "--kind", "docs")) == ["docs/cookies.md"]
    assert paths(document(run, "query", "cookie", tree, "--kind", "config")) == ["setup.cfg"]
    assert paths(document(run, "query", "cookie", tree, "--include", "*.md")) == ["docs/cookies.md"]
    assert "src/session.py" not in paths(document(run, "query", "cookie", tree, "--exclude", "/src"))
    assert paths(document(run, "query", "cookie", tree / "src", "--include", "/*.c")) == []
    assert set(paths(document(run, "query", "cookie queue", tree, "--language", "c"))) == {"src/server.c"}
    assert len(paths(document(run, "query", "cookie", tree, "--top", "1"))) == 1


def test_the_same_text_is_shown_once(run: RunExosuit, tree: Path) -> None:
    found = document(run, "query", "make_signature payload", tree, "--include", "src/*.py")
    (shown,) = [each for each in found["results"] if each["text"].encode() == FILES["src/crypto.py"]]
    assert {shown["path"], *(twin["path"] for twin in shown["twins"])} == {"src/crypto.py", "src/twin.py"}
    assert shown["more_twins"] == 0


def test_a_budget_is_exact(run: RunExosuit, tmp_path: Path) -> None:
    methods = "".join(
        f"    def step_{number}(self, cookie):\n" + f"        cookie += {number}  # a cookie more\n" * 12
        for number in range(30)
    )
    write(tmp_path, {f"{name}.py": f"class {name}(Base):\n{methods}".encode() for name in ("Large", "Other")})
    counter = load_counter("o200k_base")
    seen = 0
    for budget in (1, 60, 700, 2000):
        found = document(run, "query", "cookie step", tmp_path, "--budget", budget)
        tokens = [counter.count((each["breadcrumb"] + each["text"]).encode()) for each in found["results"]]
        assert tokens == [each["shown_tokens"] for each in found["results"]]
        assert sum(tokens) == found["tokens"] <= budget
        seen += sum(each["breadcrumb"].startswith("class ") for each in found["results"])
        assert bool(found["warnings"]) is (not tokens)
    assert seen > 3
    assert len(paths(found)) > len(set(paths(found))) == 2
    outline = document(run, "outline", tmp_path, "--budget", 100)
    assert counter.count(outline["text"].encode()) == outline["tokens"] <= 100
    assert outline["left_out"] > 0


def test_a_long_query_comes_from_stdin(run: RunExosuit, tree: Path) -> None:
    issue = "The listen_backlog of the queue is wrong.\n" + "some words of a log that nobody reads \n" * 2600
    found = document(run, "query", "-", tree, typed=issue.encode())
    assert (found["query"], found["query_bytes"]) == (issue[:1000], len(issue.encode()))
    assert paths(found)[0] == "src/server.c"
    document(run, "query", "-", tree, typed=b"listen_backlog of the queue, caf\xe9")
    done = run("query", "-", tree, typed=b"x" * (1 << 20) + b"y")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"accepted: up to 1,048,576" in done.stderr


BAD_INPUT: list[tuple[list[str], str]] = [
    (["query", ""], "the query is empty; give words"),
    (["query", " \n"], "the query is empty; give words"),
    (["query", "?!"], "the query '?!' has no word in it"),
    (["query", "x", "gone"], "cannot read 'gone': No such file or directory"),
    (["query", "x", "--kind", "codes"], "unknown --kind 'codes': expected code, docs, config, all"),
    (["query", "x", "--language", "pyton"], "unknown --language 'pyton'; did you mean Python"),
    (["query", "x", "--top", "0"], "--top 0 is not accepted; accepted: 1 to 1,000"),
    (["query", "x", "--budget", "0"], "--budget 0 is not accepted; accepted: 1 and more"),
    (["query", "x", "--context", "none"], "there is no context 'none'"),
    (["query", "x", "--json", "--jsonl"], "give one of them"),
    (["query", "x", "--include", "["], "--include"),
    (["outline", "--budget", "0"], "--budget 0 is not accepted"),
    (["outline", "--query", ""], "the query is empty"),
    (["related", "src/gone.py:3"], "cannot read 'src/gone.py'"),
    (["related", "src"], "'src' is no chunk; give PATH:LINE"),
    (["related", "src:1"], "'src' is a directory"),
    (["related", "src/crypto.py:0"], "'src/crypto.py' has 2 lines; there is no line 0"),
    (["related", "src/crypto.py:3"], "'src/crypto.py' has 2 lines; there is no line 3"),
    (["related", "abcd1234"], "no chunk whose id begins with 'abcd1234'"),
    (["related", "left.bin:1"], "'left.bin' is binary"),
]


def test_bad_input_is_named_in_one_line(run: RunExosuit, tree: Path) -> None:
    (tree / "left.bin").write_bytes(b"\0" * 50)
    for arguments, message in BAD_INPUT:
        done = run(*arguments, cwd=tree)
        assert (done.returncode, done.stdout) == (2, b""), arguments
        assert message in done.stderr.decode()
        assert done.stderr.count(b"\n") == 1


def test_no_match_says_what_was_searched(run: RunExosuit, tree: Path) -> None:
    found = document(run, "query", "make_signatur", tree, "--include", "*.c")
    assert (found["results"], found["index"]["files"]) == ([], 1)
    done = run("query", "bcklog", tree, "--include", "*.c")
    assert done.returncode == 0
    assert b"no match" in done.stdout
    assert b"near" in done.stdout
    assert b"searched    1 file, 1 chunk of the context tree" in done.stdout
    assert b"a word of: bcklog" in done.stdout
    (tree / "empty").mkdir()
    write(tree / "plain", {"words.py": b"print('nothing is defined')\n"})
    assert document(run, "outline", tree / "plain")["definitions"] == []
    assert document(run, "outline", tree / "empty")["text"] == ""
    assert document(run, "related", tree / "plain" / "words.py:1")["callers"] == []
    assert b"no files of the context empty" in run("query", "word", tree / "empty").stdout


def on_terminal(exosuit: str, *arguments: object, **environ: str) -> str:
    """What a command prints on a terminal of 100 columns."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environ}
    with subprocess.Popen(
        [exosuit, *map(str, arguments)], stdout=theirs, stderr=subprocess.PIPE, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1 << 16)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            shown += piece
        os.close(ours)
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_shows_code_that_cannot_act_on_it(warm_exosuit: str, tmp_path: Path) -> None:
    hostile = "def evil():\n    x = '\x1b]0;title\x07'  # [bold red]\u202e\r\n    return '\x9b31m'\t# \U000e0041\n"
    write(tmp_path / "tree", {"a[bold]\x1b[31m.py": hostile.encode()})
    shown = on_terminal(warm_exosuit, "query", "evil title", tmp_path / "tree")
    assert "\x1b[1ma[bold]\\x1b[31m.py:1-3\x1b[0m" in shown
    text = re.sub("\x1b\\[[0-9;]*m", "", shown)
    for escaped in ("\\x1b]0;title\\x07", "\\u202e", "\\x9b31m", "\\U000e0041", "[bold red]"):
        assert escaped in text
    assert not {"\x07", "\x9b", "\u202e", "\x1b", "\U000e0041"} & {*text}
    assert "\x1b[2m   1  \x1b[0m" in shown
    assert re.search("\x1b\\[9[0-7](;49)?mdef", shown), "a keyword has a colour"
    plain = on_terminal(warm_exosuit, "query", "evil title", tmp_path / "tree", NO_COLOR="1")
    assert "   1  def evil():\n" in plain.replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert "\x1b[94m" not in plain
    found = subprocess.run(
        [warm_exosuit, "query", "evil title", tmp_path / "tree", "--jsonl"], capture_output=True, check=True
    ).stdout
    assert json.loads(found)["text"] == hostile
    assert is_marked(found)


def test_the_outline_puts_first_what_others_use(run: RunExosuit, tree: Path) -> None:
    found = document(run, "outline", tree)
    names = {each["name"]: each for each in found["definitions"]}
    assert list(names) == ["make_signature", "listen_backlog", "CookieSession", "sign_cookie", "open_session"] or names
    assert names["sign_cookie"]["text"] == "    def sign_cookie(self, secret):"
    assert [each["path"] for each in found["definitions"]] == sorted(each["path"] for each in found["definitions"])
    narrow = document(run, "outline", tree, "--budget", 30)
    assert "CookieSession" in {each["name"] for each in narrow["definitions"]}
    asked = document(run, "outline", tree, "--budget", 30, "--query", "backlog of the queue")
    assert "listen_backlog" in {each["name"] for each in asked["definitions"]}
    done = run("outline", tree, "--budget", 30)
    assert done.stdout.decode().startswith(narrow["text"])


def test_the_outline_shows_what_is_defined_for_others_and_each_name_first_once(run: RunExosuit, tmp_path: Path) -> None:
    users = "".join(f"pub fn user_{each}(x: Router) -> Router {{ Router::new(x) }}\n" for each in range(3))
    write(
        tmp_path / "mixed",
        {
            "src/lib.rs": b"pub mod routing;\nmod tests_of;\n",
            "src/routing.rs": b"pub struct Router;\n\n"
            b"impl From<u8> for Router {\n    fn from(_: u8) -> Router { Router }\n}\n"
            b"\nfn inner_route(x: u8) {}\n\n#[cfg(test)]\nmod tests {\n    pub fn help_route() {}\n}\n",
            "src/user.rs": users.encode() + b"fn call() { inner_route(1); help_route() }\n",
            "store.ts": b"export function make(a: string): void\n"
            b"export function make(a: any) {\n}\nfunction local() {}\n",
            "use.ts": b"make(1)\nlocal()\n",
            "_examples/main.go": b"package main\n\nfunc Shown(x int) {\n}\n",
            "mux.go": b"package mux\n\nfunc (m *Mux) Serve(x int) {\n\tShown(1)\n}\n\n"
            b"type Mux struct {\n}\n\nfunc New() *Mux {\n}\n",
            "main.go": b"package mux\n\nvar x = New().Serve(1)\n",
        },
    )
    found = document(run, "outline", tmp_path / "mixed")["definitions"]
    scores: dict[str, float] = {}
    for each in sorted(found, key=lambda each: -each["score"]):
        scores.setdefault(each["name"], each["score"])
    texts = {each["text"] for each in found}
    assert {"pub struct Router;", "type Mux struct {"} <= texts
    assert not any(text.startswith(("pub mod", "mod tests_of", "impl", "package")) for text in texts)
    assert scores["Router"] > scores["inner_route"] > scores["help_route"]
    assert scores["make"] > scores["local"]
    assert scores["Mux"] > scores["Serve"]
    assert scores["New"] > scores["Shown"]
    makes = [each["score"] for each in found if each["name"] == "make"]
    assert len(makes) == 2
    assert min(makes) < max(makes) / 5


def test_the_outline_counts_overloads_once_and_leaves_to_a_file_what_is_its_own(
    run: RunExosuit, tmp_path: Path
) -> None:
    overloads = b"".join(b"export default function compose(a%d: string): void\n" % each for each in range(6))
    write(
        tmp_path / "mixed",
        {
            "compose.ts": overloads + b"export default function compose(a: any) {\n  function innerPart() {}\n}\n",
            "kind.ts": b"export function kindOf(a: any) {\n}\n",
            "uses.ts": b"export function first() {\n  compose(1); kindOf(1); innerPart()\n}\n",
            "more.ts": b"export function second() {\n  compose(1); innerPart()\n}\n",
            "app.js": b"var app = exports = module.exports = {};\n\napp.use = function use(fn) {\n};\n\n"
            b"function logerror(err) {\n}\n",
            "serve.js": b"exports.serve = () => {\n  app.use(1); logerror(1)\n}\n",
            "wide.ts": b"export interface Wide<\n  A, // the first\n  B\n> {\n}\n",
            "wider.ts": b"export function wider(x: Wide) {\n}\n",
            "net.c": b"#define OWN_PART(x) 1\n\nvoid sock_open(int x)\n{\n}\n\nstatic void own_open(int x)\n{\n}\n",
            "use.c": b"int main(void)\n{\n\tOWN_PART(1); own_open(1); sock_open(1);\n}\n",
            "test/a.c": b"void sock_open(int x)\n{\n}\n",
        },
    )
    found = document(run, "outline", tmp_path / "mixed")["definitions"]
    scores: dict[str, float] = {}
    for each in sorted(found, key=lambda each: -each["score"]):
        scores.setdefault(each["name"], each["score"])
    assert scores["compose"] > scores["kindOf"] > scores["innerPart"]
    assert scores["app.use"] > scores["logerror"]
    assert scores["sock_open"] > max(scores["OWN_PART"], scores["own_open"])
    assert "export interface Wide<A, B> {" in {each["text"] for each in found}


def test_related_code_by_names_and_likeness(run: RunExosuit, tree: Path) -> None:
    found = document(run, "related", "src/session.py:7", cwd=tree)
    assert (found["chunk"]["path"], found["chunk"]["start_line"]) == ("src/session.py", 1)
    assert found["chunk"]["symbol"] == "CookieSession.sign_cookie"
    assert [(each["path"], each["at"]["line"], each["symbol"]) for each in found["callers"]] == [
        ("src/session.py", 11, "CookieSession.open_session")
    ]
    assert {each["path"] for each in found["callees"]} == {"src/crypto.py", "src/twin.py"}
    (caller,) = found["callers"]
    lines = (tree / "src" / "session.py").read_text().splitlines()
    first = 1 + next(number for number, line in enumerate(lines) if "def open_session" in line)
    assert caller["definition"]["start_line"] == first > caller["start_line"], "not the lines of the chunk"
    assert [each["path"] for each in found["tests"]] == ["tests/test_session.py"]
    assert found["callees"][0]["why"] == "defines make_signature"
    assert found["callees"][0]["at"]["text"] == "def make_signature(secret, payload):"
    crypto = document(run, "related", tree / "src" / "crypto.py:1")
    assert [each["path"] for each in crypto["callers"]] == ["src/session.py"]
    assert [(each["path"], each["why"]) for each in crypto["mentions"]] == [("src/note.py", "mentions make_signature")]
    assert [(each["why"], each["likeness"]) for each in crypto["twins"]] == [("the same text", 1)]
    by_id = document(run, "related", crypto["chunk"]["id"][:8], "--context", "tree")
    assert by_id["callers"][0]["path"] == "src/session.py"
    done = run("related", "src/session.py:7", cwd=tree)
    assert (
        b"callers\n  src/session.py:%d-%d  CookieSession.open_session" % tuple(caller["definition"].values())
        in done.stdout
    )
    assert b"callees\n  src/crypto.py:1-2  make_signature  defines make_signature\n" in done.stdout


def test_a_state_directory_that_cannot_be_written(exosuit: Path, run: RunExosuit, tree: Path) -> None:
    state = Path(os.environ["XDG_STATE_HOME"])
    document(run, "query", "cookie", tree)
    (tree / "src" / "crypto.py").write_text("later = 1\n")
    directories = [state, *(each for each in state.rglob("*") if each.is_dir())]
    for each in directories:
        each.chmod(0o500)
    try:
        command = [*UNPRIVILEGED, exosuit, "query", "cookie", tree, "--json"]
        done = subprocess.run(command, capture_output=True, timeout=120)
    finally:
        for each in directories:
            each.chmod(0o700)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert "src/session.py" in paths(found)
    assert "not brought up to date" in found["warnings"][0]
    assert "this searches what was loaded at" in done.stderr.decode()


def test_a_damaged_or_deleted_index_is_built_anew(run: RunExosuit, tree: Path) -> None:
    first = document(run, "query", "cookie", tree)
    index = Path(os.environ["XDG_STATE_HOME"]) / "exosuit" / "contexts" / "tree.search"
    for file in index.iterdir():
        if file.name.startswith("segment-"):
            content = bytearray(file.read_bytes())
            content[200:-200] = bytes(len(content) - 400)
            file.write_bytes(content)
    second = document(run, "query", "cookie", tree)
    assert (paths(second), second["index"]["rebuilt"] is None) == (paths(first), False)
    assert "the index was built anew" in second["warnings"][0]
    shutil.rmtree(index)
    third = document(run, "query", "cookie", tree)
    assert (paths(third), third["index"]["rebuilt"]) == (paths(first), None)
