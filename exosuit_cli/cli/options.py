"""The options of a command line, made from their declarations."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exosuit_cli.cli.completion import completing, contexts, values_of
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.config.option import OUTPUT, SELECTION, WORK, declared
from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import parse_count

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.cli.command_line import CommandLine
    from exosuit_cli.config.option import Option

__all__ = ["OUTPUT", "SELECTION", "WORK", "command_of"]

_TYPES: dict[str, Any] = {"boolean": bool, "count": int, "integer": int, "tokens": int, "texts": list[str]}


def path(typed: str) -> str:
    """A PATH as it was typed; the help names the type of an argument by the name of its parser."""
    return typed


def text(typed: str) -> str:
    """An argument as it was typed, for the same reason."""
    return typed


def tokens(typed: str | int) -> int:
    """A number of tokens: `8000`, `8k`. Raises typer.BadParameter for another text."""
    try:
        return parse_count(str(typed))
    except UsageError as error:
        raise typer.BadParameter(str(error)) from None


def command_of(line: CommandLine) -> Callable[..., None]:
    """The command for typer."""
    first = line.first

    def command(typer_context: typer.Context, **typed: Any) -> None:
        named = {name: value for name, value in typed.items() if _is_typed(typer_context, name)}
        before = (typed["first"],) if first is not None else ()
        named.pop("first", None)
        line.run(
            (*before, *(named.pop("paths", None) or ())),
            {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()},
        )

    arguments = []
    if first is not None:
        leading = typer.Argument(metavar=first[0], parser=text, help=first[1])
        arguments.append(_parameter("first", Annotated[str, leading]))
    if line.paths:
        argument = typer.Argument(metavar="PATH...", parser=path, help=line.paths, show_default=line.without)
        arguments.append(_parameter("paths", Annotated[list[str] | None, argument], None))
    parameters = [
        _parameter("typer_context", typer.Context),
        *arguments,
        *(_parameter(each.name, Annotated[_type(each), option_of(each)], _default(each)) for each in line.options),
    ]
    command.__doc__ = line.run.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


def option_of(option: Option) -> Any:
    """The option as typer has it."""
    first = option.flags[0]
    choices = " or ".join(", ".join(option.choices).rsplit(", ", 1))
    return typer.Option(
        f"{first}/{option.negative}" if option.negative else first,
        *option.flags[1:],
        help=f"{option.help}: {choices}." if choices else option.help,
        parser=tokens if option.kind == "tokens" else None,
        metavar="" if option.kind == "count" else option.metavar or None,
        count=option.kind == "count",
        show_default=option.shown or option.kind != "count",
        autocompletion=values_of(option),
        rich_help_panel=option.panel,
    )


def _parameter(name: str, annotation: Any, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _type(option: Option) -> Any:
    found = _TYPES.get(option.kind, str)
    return found | None if option.default is None else found


def _default(option: Option) -> object:
    """The default for typer, which shows it; what was not typed is not used."""
    if option.kind == "texts":
        return []
    return _size(option.default) if option.kind == "size" else option.default


def _is_typed(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _size(number: object) -> str:
    """A whole number of bytes in the largest unit that fits it: `4GiB`."""
    assert isinstance(number, int)
    for power, unit in ((40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")):
        if number and not number % (1 << power):
            return f"{number >> power}{unit}"
    return str(number)


def _session(name: str) -> Any:
    return next(option_of(each) for each in (*declared(SessionFlags), *declared(WalkOptions)) if each.name == name)


Name = Annotated[
    str | None,
    typer.Option(
        "--name",
        metavar="NAME",
        help="The context.",
        show_default="that of this directory, or the only one",
        autocompletion=completing(contexts),
    ),
]
NameArgument = Annotated[str | None, typer.Argument(metavar="NAME", hidden=True, autocompletion=completing(contexts))]
"""The same where no other argument is: `context show project`."""


def one_name(argument: str | None, name: str | None) -> str | None:
    """The context that is named, as an argument or by `--name`. Raises UsageError for two."""
    if argument is not None and name is not None and argument != name:
        raise UsageError(f"{argument!r} and --name {name!r} are two contexts; give one of them")
    return argument if argument is not None else name


Json = Annotated[bool, typer.Option("--json", help="One JSON document.", rich_help_panel=OUTPUT)]
Ignore = Annotated[bool | None, _session("ignore")]
Config = Annotated[str | None, _session("config")]
LogFile = Annotated[str | None, _session("log_file")]
Verbose = Annotated[int, _session("verbose")]
Quiet = Annotated[bool, _session("quiet")]
Debug = Annotated[bool, _session("debug")]
