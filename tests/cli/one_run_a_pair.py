"""The command `exosuit`, whose benchmarks repeat no run within a pair: for tests of all but the figures."""

from __future__ import annotations

import functools
import sys

from exosuit_cli.measure import plan

plan.BenchPlan = functools.partial(plan.BenchPlan, most_repeats=1)  # type: ignore[misc, assignment]

from exosuit_cli.cli import main  # noqa: E402  (it takes the plan from where it was put)

sys.exit(main())
