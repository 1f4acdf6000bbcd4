"""What is read of a command's answer: its own document or another's, which may say anything."""

from __future__ import annotations

import json

import pytest

from exosuit_cli.measure.process import ProcessRun
from exosuit_cli.measure.reading import Reading, read_answer
from exosuit_cli.measure.suites import SUITES


def read(stages: str) -> Reading:
    answer = f'{{"totals": {{"files": 3, "bytes": 9}}, "tree_digest": "d", "throughput": {{"stages_s": {stages}}}}}'
    return read_answer(SUITES["scan"], ProcessRun(1.0, 0.5, 0.1, 1 << 20, answer.encode()), "it")


def test_stages_are_read() -> None:
    assert read('{"walk": 0.25, "read": 1}').stages == {"walk": 0.25, "read": 1.0}


@pytest.mark.parametrize(
    "stages",
    [
        "null", "[]", "3", '{"x": true}', '{"x": null}', '{"x": "1"}', '{"x": -1}', '{"x": NaN}', '{"x": 1e999}',
        '{"x": -Infinity}',
        f'{{"x": 1{"0" * 400}}}', json.dumps({"\ud800": 1}), '{"a\\nb": 1}',
    ],
)  # fmt: skip
def test_stages_that_no_export_could_hold_are_left_out(stages: str) -> None:
    assert read(stages).stages == {}
