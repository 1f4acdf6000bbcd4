"""The command `exosuit`, whose benchmarks repeat no run within a pair: for tests of all but the figures.

What they measure as this build is forked from a process that has all loaded; a user's benchmark compiles all of
Python's modules and its own anew, and starts each run, which takes longer than what these tests measure.
"""

from __future__ import annotations

import functools
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

from exosuit_cli.cli import main
from exosuit_cli.measure import plan, sides

if TYPE_CHECKING:
    from collections.abc import Mapping

WARM = "PYTEST_WARM_EXOSUIT"
"""The environment variable that names the program to measure; what starts this sets it."""


def _environment(scratch: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Nothing is changed of what an interpreter reads when it starts, else the program would start one."""
    made = sides.environment(scratch, environ)
    kept = {name: value for name, value in os.environ.items() if name.startswith("PYTHON")}
    return {name: value for name, value in made.items() if not name.startswith("PYTHON")} | kept


command, measure = import_module("exosuit_cli.commands.bench"), import_module("exosuit_cli.measure.bench")
command.BenchPlan = functools.partial(plan.BenchPlan, most_repeats=1)  # type: ignore[attr-defined]
command.this_build = lambda: sides.Side("this build", (os.environ[WARM],))  # type: ignore[attr-defined]
measure.environment = _environment  # type: ignore[attr-defined]

sys.argv[0] = os.environ[WARM]  # what it is called is part of what it prints
sys.exit(main())
