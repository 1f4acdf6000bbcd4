"""Kills a writer of a context at random moments, and looks whether what it leaves is the state before or after.

    python scripts/crash_context.py --rounds 1000 -o logs/crash_context.json
    python scripts/crash_context.py --every --seed 3

Each round edits the trees, learns from a run on a copy what the state after the work is, does the work in a process
that is killed (SIGKILL) after a random time or a random number of SQLite's steps, and reopens: the context has to be
the one before or the one after, whole; `check` has to find it sound, and the same work once more has to give the state
after, with nothing staged and nothing orphaned. The work is a first load, a refresh, a load of several sources, the
removal of one, a compaction, the repair of rows or of the whole database, or a drop.

With --every, each work is killed before each of its SQL statements in turn, from the same state.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # rounds are forked from this process, which should have no threads

from exosuit_cli import __version__, tokens
from exosuit_cli.commands.context import drop, forget_source
from exosuit_cli.commands.context_repair import repair_context
from exosuit_cli.commands.context_request import source_request
from exosuit_cli.context import Context, context_names
from exosuit_cli.context.names import context_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

State = dict[str, Any] | None
"""All that a context says, and whether a check finds it `sound`; None where there is nothing."""
NAME = "c"
WORKS = ("first", "refresh", "several", "forget", "compact", "rows", "database", "drop")
OUTCOMES = ("before", "after", "ended")
"""How a killed process left the context; `ended` is one that was too quick to be killed."""
STEPS = 20
"""Steps of SQLite's machine between two counts."""
LEFT_OVER = (
    "SELECT count(*) FROM files WHERE source < 1",
    "SELECT count(*) FROM spans WHERE file NOT IN (SELECT id FROM files)",
    "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT chunk FROM spans)",
    "SELECT count(*) FROM meta WHERE key = 'loading'",
)


def main() -> int:
    """Run the rounds; 1 where one of them found something wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", action="store_true", help="kill each work before each of its statements")
    parser.add_argument("-o", "--output", help="write the result as JSON")
    arguments = parser.parse_args()
    tokens.load_counter = cache(tokens.load_counter)  # type: ignore[assignment]
    choose = random.Random(arguments.seed)
    found: Counter[str] = Counter()
    failures: list[str] = []
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="exosuit-crash-") as directory:
        base = Path(directory)
        os.environ.update(HOME=directory, XDG_CONFIG_HOME=f"{directory}/config", XDG_CACHE_HOME=f"{directory}/cache")
        rounds = every(base, choose) if arguments.every else at_random(base, choose, arguments.rounds)
        for name, outcome in rounds:
            if outcome in OUTCOMES:
                found[f"{name.split()[0]}: {outcome}"] += 1
            else:
                failures.append(f"{name}: {outcome}")
                print(failures[-1], file=sys.stderr)
    result = {
        "exosuit_version": __version__,
        "seed": arguments.seed,
        "rounds": sum(found.values()) + len(failures),
        "seconds": round(time.monotonic() - started, 1),
        "sqlite": sqlite3.sqlite_version,
        "outcomes": dict(sorted(found.items())),
        "failures": failures,
    }
    text = json.dumps(result, indent=2) + "\n"
    if arguments.output:
        Path(arguments.output).write_text(text)
    sys.stdout.write(text)
    return 1 if failures else 0


def at_random(base: Path, choose: random.Random, rounds: int) -> Iterator[tuple[str, str]]:
    """Kill at random moments: the work with the number of its round, and how it left the context or what is wrong."""
    for number in range(rounds):
        work = WORKS[number % len(WORKS)]
        before, after, seconds = begin(base, work, choose)
        if choose.random() < 0.5:
            status = run(lambda work=work: do(base, work), seconds=choose.random() * seconds)
        else:
            die = partial(die_after, choose.randrange(1, 400), "steps")
            status = run(lambda work=work, die=die: die(lambda: do(base, work)))
        outcome = judged(base, work, status, before, after)
        if outcome not in OUTCOMES:
            shutil.rmtree(base / "state", ignore_errors=True)
        yield f"{work} in round {number}", outcome


def every(base: Path, choose: random.Random) -> Iterator[tuple[str, str]]:
    """Kill each work before its first statement, its second, and so on; named and judged as by `at_random`."""
    state, start = base / "state", base / "start"
    for work in WORKS:
        before, after, _ = begin(base, work, choose)
        shutil.rmtree(start, ignore_errors=True)
        if state.exists():
            shutil.copytree(state, start)
        for number in count():
            shutil.rmtree(state, ignore_errors=True)
            if start.exists():
                shutil.copytree(start, state)
            die = partial(die_after, number, "statements")
            status = run(lambda work=work, die=die: die(lambda: do(base, work)))
            yield f"{work} before statement {number}", judged(base, work, status, before, after)
            if status == 0:
                break


def begin(base: Path, work: str, choose: random.Random) -> tuple[State, State, float]:
    """Prepare a state to begin with; what it says, what a copy of it says after the work, and the seconds of that."""
    state, twin = base / "state", base / "twin"
    use(state)
    prepare(base, work, choose)
    before = read()
    shutil.rmtree(twin, ignore_errors=True)
    if state.exists():
        shutil.copytree(state, twin)
    use(twin)
    started = time.monotonic()
    status = run(lambda: do(base, work))
    seconds = time.monotonic() - started
    if status != 0:
        sys.exit(f"{work} without a kill ended with {status}")
    after = read()
    use(state)
    return before, after, seconds


def judged(base: Path, work: str, status: int, before: State, after: State) -> str:
    """How a process of this status left the context, one of `OUTCOMES`; what is wrong with it where something is."""
    left = read()
    if work in ("rows", "database") and left is not None and not left["sound"]:
        how = "before"
    elif left not in (before, after):
        return f"status {status}; {unlike(left, before)} before; {unlike(left, after)} after"
    elif left is not None and not left["sound"]:
        return f"status {status}; a check finds damage"
    else:
        how = "before" if left == before else "after"
    if left is not None or work != "drop":
        again = run(lambda: do(base, work if work != "forget" or how == "before" else "none"))
        if again != 0:
            return f"status {status}; once more ends with {again}"
    if (found := read()) != after:
        return f"status {status}; once more: {unlike(found, after)} after"
    if left_over():
        return f"status {status}; left over: {left_over()}"
    return "ended" if status == 0 else how


def unlike(left: State, other: State) -> str:
    """In what the context is not as it was at another time."""
    if left is None or other is None or "error" in left:
        return f"{(left or {}).get('error', 'nothing' if left is None else 'something')} unlike"
    return f"other {', '.join(key for key in left if left[key] != other.get(key)) or 'nothing'} than"


def use(state: Path) -> None:
    """Let contexts lie in this directory."""
    os.environ["XDG_STATE_HOME"] = str(state)


def prepare(base: Path, work: str, choose: random.Random) -> None:
    """Edit the trees, and bring about the state that the work begins with."""
    for name in ("one", "two"):
        root = base / name
        root.mkdir(exist_ok=True)
        for _ in range(choose.randrange(1, 6)):
            path = root / f"{choose.randrange(30)}.py"
            if choose.random() < 0.2:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content(choose))
    sources = 2 if work in ("several", "forget") else 1
    if work == "first":
        shutil.rmtree(base / "state", ignore_errors=True)
    elif NAME not in context_names():
        load(base, sources)
    with_source_two = NAME in context_names() and len(read_sources()) == 2
    if work == "forget" and not with_source_two:
        load(base, 2)
    if work in ("rows", "database", "compact", "drop"):
        load(base, 1)
    if work in ("rows", "database"):
        statement = (
            "UPDATE chunks SET data = zeroblob(9) WHERE number % 5 = 0" if work == "rows" else "DROP TRIGGER chunk_left"
        )
        connection = sqlite3.connect(context_path(NAME))
        connection.execute(statement)
        connection.commit()
        connection.close()


def content(choose: random.Random) -> bytes:
    """Source of some functions; some are in many files."""
    return "".join(
        f"def f{number}(x):\n" + f"    x += {number}\n" * (number % 9) + "    return x\n\n\n"
        for number in sorted(choose.sample(range(60), choose.randrange(30)))
    ).encode()


def load(base: Path, sources: int) -> None:
    """Load one or both of the trees."""
    requests = [source_request(str(base / name), {"workers": 1}, None, ()) for name in ("one", "two")[:sources]]
    with Context.open(NAME, create=True) as context:
        context.load(requests, limit=3000)


def do(base: Path, work: str) -> None:
    """The work that is killed."""
    if work in ("first", "refresh"):
        load(base, 1)
    elif work == "several":
        load(base, 2)
    elif work == "forget":
        forget_source(NAME, "two")
    elif work == "compact":
        with Context.open(NAME) as context:
            context.compact()
    elif work in ("rows", "database"):
        outcome = repair_context(NAME)
        assert outcome.ending.exit_code == 0, outcome
    elif work == "drop":
        drop(NAME)


def run(work: Callable[[], None], *, seconds: float | None = None) -> int:
    """Do it in a process of its own, which is killed after some seconds; its exit code, or minus its signal."""
    process = os.fork()
    if process == 0:
        try:
            work()
        except BaseException as error:  # nothing of the parent may run in the child
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            os._exit(1)
        os._exit(0)
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def die_after(number: int, what: str, work: Callable[[], None]) -> None:
    """Do it, and die when SQLite has begun so many `statements`, or done so many times `STEPS` of its `steps`."""
    left = [number]
    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        if what == "steps":
            connection.set_progress_handler(step, STEPS)
        else:
            connection.set_trace_callback(step)
        return connection

    def step(_: object = None) -> int:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0

    sqlite3.connect = connected  # type: ignore[assignment]
    work()


def read_sources() -> list[str]:
    """The names of the sources."""
    with Context.open(NAME, read_only=True) as context:
        return [source.name for source in context.sources()]


def read() -> State:
    """All that the context says, and whether a check finds it sound; None where there is none, or nothing in it."""
    if NAME not in context_names():
        return None
    try:
        with Context.open(NAME, read_only=True) as context, context.snapshot():
            stats = context.stats()
            if not stats.sources:
                return None
            files = context.connection.execute(
                "SELECT path, digest, executable, size, lines, tokens, spans, below FROM files WHERE source > 0 "
                "ORDER BY source, path"
            ).fetchall()
            facts = (stats.chunks, stats.chunk_tokens, stats.text_bytes, stats.working)
            names = [(source.name, source.tree_digest, source.files) for source in stats.sources]
            chunks = list(context.iterate())
            return {"facts": facts, "names": names, "files": files, "chunks": chunks, "sound": is_sound()}
    except Exception as error:  # an empty file is what a first load leaves that was killed early
        if "its first load did not end" in str(error):
            return None
        return {"error": str(error), "sound": False}


def is_sound() -> bool:
    """Whether a check names nothing."""
    with Context.open(NAME, read_only=True) as context:
        return not context.check().damages


def left_over() -> list[int]:
    """How much of a load that did not end is still there; nothing: an empty list."""
    if NAME not in context_names():
        return []
    with Context.open(NAME, read_only=True) as context:
        counts = [context.connection.execute(query).fetchone()[0] for query in LEFT_OVER]
    return counts if any(counts) else []


if __name__ == "__main__":
    sys.exit(main())
