"""Answers as JSON lines, one an answer, the best first (`schemas/query.schema.json`, `$defs/result`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

import orjson

from exosuit_cli.report.query.document import answer_record

if TYPE_CHECKING:
    from exosuit_cli.commands.query import QueryOutcome


def write_answers(file: BinaryIO, outcome: QueryOutcome) -> None:
    """Write every answer."""
    explain = outcome.request.answers.explain
    file.writelines(orjson.dumps(answer_record(each, explain=explain)) + b"\n" for each in outcome.answers)
