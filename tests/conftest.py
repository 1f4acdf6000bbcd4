"""What every test stands on: its own home, a deterministic Hypothesis profile in CI, the installed command."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, settings
from warm import WarmProcess

from exosuit_cli import tokens
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter

settings.register_profile("ci", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ci" if os.environ.get("CI") or os.environ.get("HYPOTHESIS_PROFILE") == "ci" else "default")

# Whoever runs the tests in the background of a shell ignores these, and so would all that is started here.
for _number in (signal.SIGINT, signal.SIGTERM):
    if signal.getsignal(_number) is signal.SIG_IGN:
        signal.signal(_number, signal.default_int_handler if _number is signal.SIGINT else signal.SIG_DFL)

pytest_plugins = ["built", "leftovers"]

RunExosuit = Callable[..., "subprocess.CompletedProcess[bytes]"]

BRIEFLY = Path(__file__).with_name("one_run_a_pair.py")
BRIEFLY_MEASURED = "PYTEST_WARM_EXOSUIT"
"""The environment variable that tells it what to measure."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers for two processors that this run may use, hardware threads too: many tests wait for something."""
    asked = os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS")
    return int(asked) if asked else min(-(-len(os.sched_getaffinity(0)) * 3 // 2), 8)


@pytest.fixture(scope="session", autouse=True)
def _one_counter() -> Iterator[None]:
    """Load each vocabulary once for all tests of this process, which takes longer than what most do with it.

    The tests of the counters themselves have the function that loads.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "load_counter", cache(tokens.load_counter))
        yield


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Directories for one test each. A temporary directory by the next number would list all those before it."""
    base = tmp_path_factory.mktemp("homes")
    return (base / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def _own_home(_homes: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings, the index or the git configuration of whoever runs it."""
    home = next(_homes)
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("CONFIG", "CACHE", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in [name for name in os.environ if name.startswith("EXOSUIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture(scope="session")
def exosuit() -> Path:
    """The installed console script."""
    return _installed()


def _installed() -> Path:
    script = Path(sysconfig.get_path("scripts")) / "exosuit"
    assert script.exists(), "the package is not installed in this environment"
    return script


@pytest.fixture(scope="session")
def warm_process() -> Iterator[WarmProcess]:
    process = WarmProcess(_installed())
    yield process
    process.close()


@pytest.fixture(scope="session")
def warm_exosuit(warm_process: WarmProcess) -> str:
    """A program that is as the console script, for terminals and shells, but is forked as in `run`.

    Signals do not reach what it runs.
    """
    return warm_process.command


@pytest.fixture(scope="session")
def brief_exosuit(warm_process: WarmProcess) -> str:
    """As `warm_exosuit`, but its benchmarks run each side once a pair, and fork what they run of this build.

    A user's benchmark repeats what takes less than two seconds.
    """
    os.environ[BRIEFLY_MEASURED] = warm_process.command
    return warm_process.program(str(BRIEFLY))


@pytest.fixture
def run_anew(exosuit: Path) -> RunExosuit:
    """Run the command as a user does; a hang is a failure."""

    def run_exosuit(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
        command = [str(exosuit), *map(os.fsencode, map(_plain, arguments))]
        return subprocess.run(command, capture_output=True, timeout=120, **options)

    return run_exosuit


@pytest.fixture
def run(run_anew: RunExosuit, request: pytest.FixtureRequest) -> RunExosuit:
    """As `run_anew`, but forked from a process that has the command's modules and vocabularies loaded.

    That is so unless a test says more than the environment, the directory and stdin, or changes what an interpreter
    reads when it starts. How long a command takes, and what it imports, is seen with `run_anew`.
    """

    def run_exosuit(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
        environ = os.environ if options.get("env") is None else options["env"]
        if options.keys() <= {"env", "cwd", "input"}:
            process: WarmProcess = request.getfixturevalue("warm_process")
            if process.can_run(environ):
                words = [os.fsencode(_plain(argument)) for argument in arguments]
                return process.run(words, os.fsdecode(options.get("cwd") or os.getcwd()), environ, options.get("input"))
        return run_anew(*arguments, **options)

    return run_exosuit


def _plain(argument: object) -> str | bytes:
    return argument if isinstance(argument, (str, bytes)) else str(argument)


@pytest.fixture(scope="session")
def git() -> str:
    """The git executable, an oracle; never run by exosuit."""
    found = shutil.which("git")
    if found is None:
        pytest.skip("git is not installed: apt-get install git")
    return found


@pytest.fixture(scope="session")
def project() -> Path:
    """The source tree that the tests belong to."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def counter() -> TokenCounter:
    return tokens.load_counter("o200k_base")


@pytest.fixture
def shard_of() -> Iterator[Callable[..., Shard]]:
    """Make a shard over a tree; it is closed after the test."""
    made: list[Shard] = []

    def make(
        base: Path, counter: TokenCounter | None = None, *, slab_bytes: int = 1 << 16, hash_name: str = "blake3"
    ) -> Shard:
        encoding = counter.encoding if counter is not None else None
        settings = ShardSettings(
            base=os.fsencode(base),
            encoding=encoding,
            hash=hash_name,
            device="cpu",
            max_file_size=0,
            slab_bytes=slab_bytes,
            follow=False,
        )
        made.append(Shard(settings, counter))
        return made[-1]

    yield make
    for shard in made:
        shard.close()
