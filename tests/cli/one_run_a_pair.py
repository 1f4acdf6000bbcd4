"""The command `exosuit`, whose benchmarks repeat no run within a pair: for tests of all but the figures.

What they run finds the modules that an earlier benchmark of the same tests compiled; a user's benchmark compiles all of
Python's and its own anew, which takes longer than what these tests measure.
"""

from __future__ import annotations

import functools
import os
import sys
from typing import TYPE_CHECKING

from exosuit_cli.measure import plan, sides

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = sides.environment


def _with_compiled_modules(scratch: str, environ: Mapping[str, str] | None = None) -> dict[str, str]:
    compiled = os.path.join(os.environ["PYTEST_BUILT_FOLDER"], "compiled")
    return {**_environment(scratch, environ), "PYTHONPYCACHEPREFIX": compiled}


plan.BenchPlan = functools.partial(plan.BenchPlan, most_repeats=1)  # type: ignore[misc, assignment]
sides.environment = _with_compiled_modules

from exosuit_cli.cli import main  # noqa: E402  (it takes both from where they were put)

sys.exit(main())
