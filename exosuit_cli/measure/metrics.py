"""Every figure that a benchmark can report, with its unit and the direction that is better."""

from __future__ import annotations

import math
from typing import Final

from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of one run; `higher_is_better` is its direction, `is_bytes` says that limits may be sizes (600MB)."""

    name: str
    unit: str
    higher_is_better: bool
    meaning: str
    is_bytes: bool = False

    def loss(self, ratio: float) -> float:
        """The logarithm of a ratio candidate / base, with the sign that makes positive worse."""
        return -math.log(ratio) if self.higher_is_better else math.log(ratio)


METRICS: Final[dict[str, Metric]] = {
    metric.name: metric
    for metric in (
        Metric("throughput", "/s", True, "the suite's headline rate: files, tokens or chunks a second of wall time"),
        Metric("files_per_s", "files/s", True, "files of the work, by wall time, process start included"),
        Metric("mb_per_s", "MB/s", True, "10^6 bytes of the work, by wall time, process start included"),
        Metric("tokens_per_s", "tokens/s", True, "tokens of the work, by wall time, process start included"),
        Metric("chunks_per_s", "chunks/s", True, "chunks of the work, by wall time, process start included"),
        Metric("wall_s", "s", False, "from before the process was started until it had ended, monotonic clock"),
        Metric("cpu_s", "s", False, "user and system time of the process and of every child that it waited for"),
        Metric("user_s", "s", False, "the user part of cpu_s"),
        Metric("system_s", "s", False, "the system part of cpu_s"),
        Metric(
            "peak_memory", "B", False, "tier ram: peak PSS of all processes, as the command reports it", is_bytes=True
        ),
        Metric("peak_vram", "B", False, "tier vram: peak device memory, as the command reports it", is_bytes=True),
        Metric("peak_shared", "B", False, "tier shared: peak pinned host memory, as reported", is_bytes=True),
        Metric("peak_nvme", "B", False, "tier nvme: bytes written, as reported", is_bytes=True),
        Metric("max_rss", "B", False, "resident set of the largest single process (wait4)", is_bytes=True),
        Metric("startup_s", "s", False, "one run of the build with --version, start to end"),
        Metric("ndcg10", "", True, "nDCG@10 of questions with known answers; scripts/eval_query.py measures it"),
    )
}
"""By name, in the order of reports."""

HEADLINE: Final = "throughput"
"""The metric that is judged where no gate names another."""
