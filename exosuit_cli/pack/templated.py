"""A pack in a form of the user's own: a Jinja2 template, which is given the texts and all that is known of them."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.budgeted import BudgetPacking
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import RAW
from exosuit_cli.pack.making import refuse_secrets
from exosuit_cli.pack.result import PackPart
from exosuit_cli.pack.summary import details_of, summary_text
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from exosuit_cli.pack.collector import RenderedBlock
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.result import PackedFile
    from exosuit_cli.workers.carrier import Carrier

_NAME: Final = "<template>"
_TRIES: Final = 8
_SLACK: Final = 16


class TemplatePacking(BudgetPacking):
    """A pack by a template, under a budget if there is one. The template is compiled before anything is read.

    It may not reach what a sandbox keeps from it. It has the names `files` (each with `path`, `language`, `detail`,
    `tokens`, `size`, `lines`, `text`), `left_out` (paths), `binary` (paths), `tree`, `changes`, `summary`,
    `instructions`, `budget`, `encoding`, and the function `fence(text)`, which is longer than any run of backticks in a
    text.
    """

    def __init__(self, options: PackOptions, output: PackOutput, instructions: str | None, template: str) -> None:
        self._template = compiled(template)
        self._budget = options.budget
        # Where there is no budget, no number of tokens exceeds it.
        super().__init__(replace(options, format=RAW, budget=options.budget or sys.maxsize), output, instructions)

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:
        refuse_secrets(self.collector.files, self.options)
        files = self.collector.files
        held = self.holding.held
        for file, block in held:
            file.detail = block.detail
        if self.holding.tokens <= self.options.budget:
            text = self._text(held)
            if self._put(text, count):
                self._note(held)
                return
        self.fit_changes(self.options.budget, count)
        target = self.options.budget
        for _ in range(_TRIES):
            try:
                chosen = [(files[number], block) for number, block in self._chosen(carrier, count, target).items()]
            except UsageError:  # less is left for the texts than their summary takes
                break
            text = self._text(chosen)
            if self._put(text, count):
                self._note(chosen)
                return
            target -= count([text])[0] - self.options.budget + _SLACK
        raise UsageError(f"the template takes more than the budget of {self.options.budget:,} tokens by itself")

    def _put(self, text: bytes, count: CountBatch) -> bool:
        """Write the text if it is within the budget; whether it was."""
        tokens = count([text])[0]
        if tokens > self.options.budget:
            return False
        self.output.file.write(text)
        self.parts.append(PackPart(self.output.name, tokens, len(text)))
        return True

    @staticmethod
    def _note(blocks: Iterable[tuple[PackedFile, RenderedBlock]]) -> None:
        for file, block in blocks:
            file.tokens = block.tokens

    def _text(self, blocks: Iterable[tuple[PackedFile, RenderedBlock]]) -> bytes:
        files = self.collector.files
        values: dict[str, Any] = {
            "files": [
                {
                    "path": display_name(file.path),
                    "language": file.language,
                    "detail": block.detail.label,
                    "tokens": block.tokens,
                    "size": file.size,
                    "lines": file.lines,
                    "text": bytes(block.text).decode(),
                }
                for file, block in blocks
            ],
            "left_out": [display_name(file.path) for file in files if file.detail is Detail.LEFT_OUT],
            "binary": [display_name(path) for path in self.collector.binary],
            "tree": self.tree(files) or "",
            "changes": self.changes.text() if self.changes is not None else "",
            "summary": summary_text(details_of(files), files, self.collector.binary, self.skips, self.options),
            "instructions": self.instructions or "",
            "budget": self._budget or None,
            "encoding": self.options.encoding,
        }
        return rendered(self._template, values)


def rendered(template: Any, values: dict[str, Any]) -> bytes:
    """What a template makes of values. Raises UsageError where it fails, with its line."""
    try:
        text: str = template.render(values)
    except Exception as error:
        raise UsageError(f"the template fails{_line_of(error)}: {error}") from error
    return text.encode("utf-8", "replace")


def compiled(text: str) -> Any:
    """A template that is ready, in a sandbox. Raises UsageError for one with an error, with its line."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.globals["fence"] = _fence
    try:
        return environment.from_string(text)
    except jinja2.TemplateSyntaxError as error:
        raise UsageError(f"the template has an error in line {error.lineno}: {error.message}") from error
    except RecursionError as error:
        raise UsageError("the template has an expression that is nested too deep") from error
    except (SyntaxError, ValueError, OverflowError, MemoryError) as error:  # of the Python that it becomes
        raise UsageError(f"the template cannot be compiled: {error}") from error


def _fence(text: str) -> str:
    return "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])


def _line_of(error: Exception) -> str:
    """Where in the template an error came from, in words; empty where that is not known."""
    trace = error.__traceback__
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _NAME:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f" in line {line}" if line else ""
