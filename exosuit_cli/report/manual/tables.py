"""The tables of the manual, made in Markdown from the declarations that the program itself works with."""

from __future__ import annotations

import json
import re
from importlib import resources
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One option of a command: its spellings, the name of its value ("" for a switch), its default in words."""

    flags: tuple[str, ...]
    value: str
    help: str
    default: str
    is_repeatable: bool
    panel: str


def option_table(rows: Sequence[OptionRow]) -> str:
    """One table a panel, in the order of the declaration. An option without a panel joins the last one."""
    panels: dict[str, list[OptionRow]] = {}
    for row in sorted(rows, key=lambda row: not row.panel):
        panels.setdefault(row.panel or next(reversed(panels), ""), []).append(row)
    parts = []
    for panel, options in panels.items():
        cells = [(_spellings(row), _meaning(row), f"`{row.default}`" if row.default else "") for row in options]
        parts.append(_table((panel.lower() or "options", "meaning", "default"), cells))
    return "\n\n".join(parts)


def _spellings(row: OptionRow) -> str:
    return ", ".join(f"`{flag}{' ' + row.value if row.value else ''}`" for flag in row.flags)


def _meaning(row: OptionRow) -> str:
    meaning = row.help.rstrip(".")
    return meaning + ("; repeatable" if row.is_repeatable and "repeatable" not in meaning else "")


def _exit_codes(_: str) -> str:
    from exosuit_cli.model.errors import MEANINGS

    return _table(("exit code", "meaning"), [(str(code.value), meaning) for code, meaning in MEANINGS.items()])


def _settings(_: str) -> str:
    """One row a key; the nine phases and the memory layers have the same keys, which are shown once."""
    from exosuit_cli.config import FIELDS, load_settings

    defaults = {row.key: row.value for row in load_settings(environ={}).rows()}
    rows: dict[str, tuple[str, str, str, str]] = {}
    for key, field in FIELDS.items():
        group = re.sub(r"^phases\.\d+\.", "phases.N.", re.sub(r"^memory_layers\.\w+\.", "memory_layers.LAYER.", key))
        default = f"`{json.dumps(defaults[key])}`" if group == key else "each its own"
        accepted = field.accepted.partition(" (")[0]  # how a size is written is said once, below the table
        rows.setdefault(group, (f"`{group}`", field.help, accepted, default))
    return _table(("setting", "meaning", "accepted", "default"), rows.values())


def _layers(_: str) -> str:
    from exosuit_cli.config import LAYER_NAMES

    return ", ".join(f"`{name}`" for name in LAYER_NAMES)


def _phases(_: str) -> str:
    from exosuit_cli.config import load_settings

    rows = [
        (str(phase.phase), phase.name, f"{phase.token_limit:,}") for phase in load_settings(environ={}).settings.phases
    ]
    return _table(("phase", "name", "tokens"), rows)


def _default_ignores(_: str) -> str:
    from exosuit_cli.walk.default_rules import DEFAULT_RULES

    rows = []
    for rule in DEFAULT_RULES:
        names = ", ".join(f"`{name}`" for name in rule.directories)
        kind = "directory" if rule.marker_is_directory else "file"
        marker = f"any that holds a {kind} `{rule.marker}`" + (" with its signature" if rule.is_signed else "")
        rows.append((rule.name, names or marker))
    return _table(("left out by default", "directories"), rows)


def _encodings(_: str) -> str:
    from exosuit_cli.model.encodings import ENCODINGS

    def listed(names: Sequence[str], after: str = "") -> str:
        return ", ".join(f"`{name}{after}`" for name in names)

    rows = [
        (f"`{found.name}`", listed(found.models), listed(found.model_prefixes, "*")) for found in ENCODINGS.values()
    ]
    return _table(("encoding", "models", "and what begins with"), rows)


def _exports(_: str) -> str:
    from exosuit_cli.report.bench.exports import EXPORTS

    return _table(("name", "format"), [(f"`{found.name}`", found.help) for found in EXPORTS.values()])


def _manifests(_: str) -> str:
    from exosuit_cli.report.scan.manifest import MANIFESTS

    return _table(("ending", "format"), [(f"`{found.suffix}`", found.help) for found in MANIFESTS.values()])


def _chunk_formats(_: str) -> str:
    from exosuit_cli.report.chunk.formats import CHUNK_FORMATS

    rows = [
        (f"`{found.name}`", found.help, ", ".join(f"`{suffix}`" if suffix else "none" for suffix in found.suffixes))
        for found in CHUNK_FORMATS.values()
    ]
    return _table(("name", "format", "endings"), rows)


def _metrics(_: str) -> str:
    from exosuit_cli.measure.metrics import METRICS

    rows = [
        (f"`{metric.name}`", metric.unit, "higher" if metric.higher_is_better else "lower", metric.meaning)
        for metric in METRICS.values()
    ]
    return _table(("metric", "unit", "better", "meaning"), rows)


def _grammars(_: str) -> str:
    from exosuit_cli.syntax.grammars import GRAMMARS

    return ", ".join(sorted(GRAMMARS)) + "."


def _schemas(_: str) -> str:
    folder = resources.files("exosuit_cli") / "report" / "schemas"
    rows = []
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        schema = json.loads(file.read_text(encoding="utf-8"))
        rows.append((f"`{file.name}`", schema["title"]))
    return _table(("schema", "describes"), rows)


def _context_schema(_: str) -> str:
    from exosuit_cli.context.schema import SCHEMA

    return SCHEMA.strip()


TABLES: Final[dict[str, Callable[[str], str]]] = {
    "exit-codes": _exit_codes,
    "settings": _settings,
    "layers": _layers,
    "phases": _phases,
    "default-ignores": _default_ignores,
    "encodings": _encodings,
    "exports": _exports,
    "manifests": _manifests,
    "chunk-formats": _chunk_formats,
    "metrics": _metrics,
    "grammars": _grammars,
    "schemas": _schemas,
    "context-schema": _context_schema,
}
"""By the word of a placeholder; what is derived from the command line is added by the front that has one."""


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"

    return "\n".join([line(columns), "|" + "---|" * len(columns), *map(line, rows)])
