"""`exosuit manual`: the reference of every command, its tables made from what the commands declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from exosuit_cli.cli import options as opt
from exosuit_cli.cli.border import command_border, standard_output
from exosuit_cli.cli.completion import completing, topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.report.manual.tables import OptionRow

_WITH_SETTINGS = ("scan", "chunk")
"""Commands whose options are settings where a setting has their name."""
_OTHER = frozenset({("chunk", "scan.max_file_size")})
"""Commands that have a default of their own in place of a setting's."""


def manual_command(
    context: typer.Context,
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            parser=opt.text,
            help="What to read about.",
            show_default="the list of topics",
            autocompletion=completing(topics),
        ),
    ] = None,
    debug: opt.Debug = False,
) -> None:
    """Print the manual: the topics with one line each, or one topic."""
    with command_border(debug=debug):
        from exosuit_cli.commands.manual import list_topics, read_topic
        from exosuit_cli.report.console import open_console
        from exosuit_cli.report.manual.tables import TABLES, option_table
        from exosuit_cli.report.manual.terminal import print_page, print_topics

        def options(command: str) -> str:
            return option_table(option_rows(context.find_root(), command.split()))

        with standard_output():
            if topic is None:
                print_topics(list_topics())
            else:
                print_page(open_console(), read_topic(topic, {**TABLES, "options": options}))


def option_rows(root: Any, words: list[str]) -> list[OptionRow]:
    """The options of a command, named by its words below `exosuit`, as its declaration has them."""
    from exosuit_cli.config import load_settings

    command: Any = root.command
    for word in words:
        command = command.get_command(root, word)
    settings = {row.key: _in_words(row.key, row.value) for row in load_settings(environ={}).rows()}
    shown = [parameter for parameter in command.get_params(root) if parameter.param_type_name == "option"]
    defaults = {key: settings[key] for key in settings if words[0] in _WITH_SETTINGS and (words[0], key) not in _OTHER}
    return [_row(parameter, defaults) for parameter in shown if not parameter.hidden]


def _in_words(key: str, value: object) -> object:
    from exosuit_cli.config import FIELDS
    from exosuit_cli.model.units import format_bytes

    return format_bytes(value) if FIELDS[key].kind == "size" and isinstance(value, int) else value


def _row(parameter: Any, settings: Mapping[str, object]) -> OptionRow:
    from exosuit_cli.report.manual.tables import OptionRow

    is_switch = parameter.is_flag or parameter.count
    return OptionRow(
        flags=(*parameter.opts, *parameter.secondary_opts),
        value="" if is_switch else parameter.metavar or parameter.name.upper(),
        help=parameter.help or "",
        default=_default(parameter, settings),
        is_repeatable=parameter.multiple,
        panel=getattr(parameter, "rich_help_panel", None) or "",
    )


def _default(parameter: Any, settings: Mapping[str, object]) -> str:
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    value = parameter.default
    if value is None:
        value = settings.get("scan." + parameter.opts[0].lstrip("-").replace("-", "_"))
    if value is None or value == []:
        return ""
    if parameter.secondary_opts:
        return str(parameter.opts[0] if value else parameter.secondary_opts[0])
    return "" if parameter.is_flag or parameter.count else str(value)
