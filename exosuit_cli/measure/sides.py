"""The two sides of a comparison: this build, and what `--against` names."""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

from exosuit_cli.measure.process import parse_command
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.suites import Suite


@dataclass(frozen=True, slots=True)
class Side:
    """A command to measure: with `complete` the whole command line, else an exosuit build that a suite completes."""

    label: str
    command: tuple[str, ...]
    complete: bool = False

    def command_line(self, suite: Suite, path: str, *, device: str | None, extra: tuple[str, ...]) -> tuple[str, ...]:
        """What is run for one suite on one corpus."""
        if self.complete:
            return tuple(word.replace("{path}", path).replace("{suite}", suite.name) for word in self.command)
        return (*self.command, *suite.command_line(path, device=device, extra=extra))

    @property
    def version_line(self) -> tuple[str, ...] | None:
        """What measures its start; None where the command is no exosuit build."""
        return None if self.complete else (*self.command, "--version")


def this_build() -> Side:
    """The build that is running: its console script, or the interpreter with `-m`, whichever is there."""
    script = os.path.join(sysconfig.get_path("scripts"), "exosuit")
    command = (script,) if os.access(script, os.X_OK) else (sys.executable, "-m", "exosuit_cli")
    return Side("this build", command)


def parse_against(text: str) -> Side:
    """Read `--against`: `venv:DIR`, or a command.

    A command that holds `{path}` is complete and must print a JSON document with `totals.files` and
    `totals.bytes`; any other is an exosuit build, to which the suite's arguments are added. No shell is involved.
    Raises UsageError: no such environment, no such command, quotes that do not close.
    """
    kind, colon, directory = text.partition(":")
    if colon and kind == "venv":
        script = os.path.join(os.path.abspath(os.path.expanduser(directory)), "bin", "exosuit")
        if not os.access(script, os.X_OK):
            raise UsageError(
                f"--against {text!r}: no exosuit is installed there ({script!r} is missing); "
                f"run {directory}/bin/pip install on the build to compare with"
            )
        return Side(text, (script,))
    words = parse_command(text, "--against", wanted="a command or venv:DIR", place=", or venv:DIR")
    return Side(text, tuple(words), complete=any("{path}" in word for word in words))


def environment_of(shared: Mapping[str, str], name: str) -> dict[str, str]:
    """The environment of one side: the shared one, with a cache and a state of its own, as `cache/A`.

    What a build keeps there, another one may not be able to read, or may have to bring to its own format.
    """
    own = ("XDG_CACHE_HOME", "XDG_STATE_HOME")
    return {key: os.path.join(value, name) if key in own else value for key, value in shared.items()}


def environment(scratch: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of every run, the same for both sides: no settings, no index, no variables of exosuit.

    Compiled Python goes to `scratch`, whatever the user's environment says: else one side could find its modules
    compiled, and the other compile them in every run.
    """
    base = os.environ if environ is None else environ
    kept = {name: value for name, value in base.items() if not name.startswith("EXOSUIT_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept.pop("GITHUB_STEP_SUMMARY", None)
    kept["PYTHONPYCACHEPREFIX"] = os.path.join(scratch, "compiled")
    for name in ("CONFIG", "CACHE", "STATE"):
        kept[f"XDG_{name}_HOME"] = os.path.join(scratch, name.lower())
    return kept
