"""What is typed wrongly: one line that names it and the remedy, like every other error of the program."""

from __future__ import annotations

import difflib
import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.errors import ExitCode, ExosuitError, UsageError
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_CLOSE: Final = 0.7
"""A name less like the word than this is no help; 1 is the same."""
_MEANT: Final = {
    "--style": "--format", "--cxml": "--format", "--markdown": "--format", "--output-format": "--format",
    "--compress": "--signatures", "--skeleton": "--signatures",
    "--include-pattern": "--include", "--glob": "--include", "--extension": "--include", "--filter": "--include",
    "--exclude-pattern": "--exclude", "--ignore-patterns": "--exclude", "--skip": "--exclude",
    "--no-gitignore": "--no-ignore", "--include-ignored": "--no-ignore", "--no-default-patterns": "--no-default-ignore",
    "--max-size": "--max-file-size", "--file-size-limit": "--max-file-size",
    "--chunk-size": "--max-tokens", "--max-chunk-size": "--max-tokens", "--chunk-overlap": "--overlap",
    "--limit": "--budget --max-tokens --top", "--max-tokens": "--budget", "--token-budget": "--budget",
    "--tokenizer": "--encoding", "--token-count-encoding": "--encoding", "--model": "--encoding",
    "--clipboard": "--copy", "--remove-comments": "--strip", "--number": "--line-numbers", "--top-files-len": "--top",
    "--jobs": "--workers", "--threads": "--workers", "--gpu": "--device", "--type": "--language",
    "--lang": "--language", "--ast": "--boundaries", "--strategy": "--boundaries", "--breadcrumbs": "--context",
    "--out": "--output", "--ndjson": "--jsonl",
}  # fmt: skip
"""What people type who know other tools, and the options that do it here; the first that a command has is named."""
_LONGEST = 200
"""Characters of what was typed that a message repeats."""


def run_app(app: Callable[..., Any]) -> int:
    """Carry out the command line with typer's `app`; the exit code. What typer finds wrong is printed in one line."""
    try:
        code = app(standalone_mode=False)
    except ExosuitError as error:
        return failed(error)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(ExitCode.SUCCESS)
    except Exception as error:
        if type(error).__name__ == "Abort":
            return _fail("aborted", int(ExitCode.INTERRUPTED))
        if not hasattr(error, "format_message"):  # what typer raises for what is typed wrongly has it
            raise
        if type(error).__name__ == "NoArgsIsHelpError":
            # Nothing is wrong with asking: the help is the answer. Rich has printed it as the error was made.
            if text := error.format_message():
                print(text)  # noqa: T201
            return int(ExitCode.USAGE)
        return _fail(_in_words(error), int(ExitCode.USAGE))
    return code if isinstance(code, int) else int(ExitCode.SUCCESS)


def unknown_command(words: Sequence[str], names: Sequence[str]) -> UsageError:
    """The error for a first word that is no command; it may be what `scan` would take."""
    from exosuit_cli.walk.roots import is_address

    word = words[0]
    shown = repr(word[:_LONGEST])
    if is_address(word):
        return UsageError(f"no command {shown}; did you mean `exosuit scan` and the address?")
    near = difflib.get_close_matches(word.lower()[:_LONGEST], names, 1, _CLOSE)
    if near:
        return UsageError(f"no command {shown}; did you mean `exosuit {near[0]}`?")
    if os.path.lexists(word):
        return UsageError(f"no command {shown}; did you mean `exosuit scan {shlex.join(words)[:_LONGEST]}`?")
    return UsageError(f"no command {shown}; the commands are {', '.join(names)}")


def failed(error: ExosuitError) -> int:
    """Print an error outside a command's border in one line; its exit code."""
    return _fail(str(error), int(error.exit_code))


def _fail(message: str, code: int) -> int:
    sys.stderr.write(f"exosuit: error: {display_name(message)}\n")
    return code


def _in_words(error: Any) -> str:
    """What typer says, in one line, with the nearest option and where the options are listed."""
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    words = ["exosuit", *(word for word in sys.argv[1:2] if word.isalpha())]
    command = context.command_path if context is not None else " ".join(words)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        known = _flags(context) if context is not None else []
        near = [flag for flag in _MEANT.get(error.option_name, "").split() if flag in known]
        near = near[:1] or difflib.get_close_matches(error.option_name[:_LONGEST], known, 1, _CLOSE)
        remedy = f"did you mean {near[0]}?" if near else f"`{command} --help` lists them"
        return f"no option {error.option_name[:_LONGEST]!r} of `{command}`; {remedy}"
    needed = re.fullmatch(r"Option '(?P<flag>[^']+)' requires an argument", message)
    if needed is not None:
        return f"{needed['flag']} needs a value; see `{command} --help`"
    surplus = re.fullmatch(
        r"Got unexpected extra arguments? ?\((?P<words>.*)\)", message.replace("argument(s)", "argument")
    )
    if surplus is not None:
        typed = surplus["words"][:_LONGEST]
        return f"more arguments than `{command}` takes: {typed}; see `{command} --help`"
    message = message[:1].lower() + message[1:].replace(". Did you", "; did you")
    return message if message.endswith("?") else f"{message}; see `{command} --help`"


def _flags(context: Any) -> list[str]:
    return [flag for each in context.command.get_params(context) for flag in (*each.opts, *each.secondary_opts)]
