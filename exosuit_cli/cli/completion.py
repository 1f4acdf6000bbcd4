"""What a shell completes: the values of options and arguments, taken from where they are declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from exosuit_cli.config.option import Option

    Complete = Callable[[str], list[str]]


def completing(values: Callable[[], Iterable[str]]) -> Complete:
    """A completion for typer of these values, which are asked for when a shell wants them."""

    def complete(incomplete: str) -> list[str]:
        return [value for value in values() if value.startswith(incomplete)]

    return complete


def values_of(option: Option) -> Complete | None:
    """What completes the values of a declared option; None where the shell's own files do, or nothing."""
    if option.choices:
        return completing(lambda: option.choices)
    values = _VALUES.get(option.completes or option.kind)
    return completing(values) if values is not None else None


def devices() -> list[str]:
    """The names of devices that every machine may have."""
    return ["auto", "cpu", "cuda", "cuda:0", "cuda:0,1"]


def contexts() -> list[str]:
    """The names of the contexts that were loaded."""
    from exosuit_cli.context.names import context_names

    return context_names()


def encodings() -> list[str]:
    """The encodings, and the models that count in them."""
    from exosuit_cli.model.encodings import ENCODINGS

    return [*ENCODINGS, *(model for encoding in ENCODINGS.values() for model in encoding.models)]


def languages() -> list[str]:
    """The languages that a file may be in."""
    from exosuit_cli.languages import LANGUAGES

    return [name for name in LANGUAGES if name]


def manifests() -> list[str]:
    """The formats of the records of a scan."""
    from exosuit_cli.report.scan.manifest import MANIFESTS

    return [suffix.removeprefix(".") for suffix in MANIFESTS]


def chunk_formats() -> list[str]:
    """The formats of chunks."""
    from exosuit_cli.report.chunk.formats import CHUNK_FORMATS

    return list(CHUNK_FORMATS)


_VALUES = {
    "device": devices,
    "encoding": encodings,
    "manifests": manifests,
    "chunk-formats": chunk_formats,
    "contexts": contexts,
    "languages": languages,
}
"""By the kind of an option, or by what it says that it completes."""


def metrics() -> list[str]:
    """The figures that a benchmark can report."""
    from exosuit_cli.measure.metrics import METRICS

    return list(METRICS)


def limits() -> list[str]:
    """The beginnings of a limit: a metric and its colon."""
    return [f"{name}:" for name in metrics()]


def suites() -> list[str]:
    """The suites of a benchmark."""
    from exosuit_cli.measure.suites import SUITES

    return [*SUITES, "all"]


def exports() -> list[str]:
    """The beginnings of an export: a format and the equals sign."""
    from exosuit_cli.report.bench.exports import EXPORTS

    return [f"{name}=" for name in EXPORTS]


def topics() -> list[str]:
    """The topics of the manual."""
    from exosuit_cli.commands.manual import list_topics

    return [topic.name for topic in list_topics()]
