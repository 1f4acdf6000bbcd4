"""A scan as records: one a file, one a skip, in ascending byte order of the path."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.records import Outcome
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.model.records import Skip


class FileRecord(TypedDict, total=False):
    """A file. The digest has the name of its algorithm, as `blake3`; `path_b64` is there where `path` is lossy."""

    path: str
    path_b64: str
    size: int
    kind: str
    language: str | None
    lines: int | None
    tokens: int | None
    tokens_estimated: bool
    mtime_ns: int


class SkipRecord(TypedDict, total=False):
    """A path that was not ingested: the reason in `skipped`, more in `detail`."""

    path: str
    path_b64: str
    skipped: str
    detail: str


def records(result: ScanResult, *, times: bool) -> Iterator[FileRecord | SkipRecord]:
    """Every record of a scan, files and skips together; `times` says whether files carry `mtime_ns`.

    Without times, the records depend on the tree alone. What this run writes is left out then: whether it exists yet is
    no property of the tree.
    """
    skips = iter([skip for skip in result.skips if times or skip.outcome is not Outcome.OWN_OUTPUT or skip.detail])
    skip = next(skips, None)
    for position, path in enumerate(result.paths):
        while skip is not None and skip.path <= path:
            yield skip_record(skip)
            skip = next(skips, None)
        yield file_record(result, position, times=times)
    while skip is not None:
        yield skip_record(skip)
        skip = next(skips, None)


def file_record(result: ScanResult, position: int, *, times: bool = True) -> FileRecord:
    """The record of one ingested file."""
    row = result.rows[position]
    path, exact = text_name(result.paths[position])
    record: FileRecord = {"path": path}
    if exact is not None:
        record["path_b64"] = exact
    record["size"] = int(row["size"])
    record["kind"] = "binary" if row["kind"] else "text"
    record["language"] = LANGUAGES[row["language"]] or None
    record["lines"] = _known(row["lines"])
    digest = DIGESTS[result.hash]
    cast("dict[str, object]", record)[digest.name] = bytes(row["digest"][: digest.width]).hex()
    record["tokens"] = _known(row["tokens"])
    if row["estimated"]:
        record["tokens_estimated"] = True
    if times:
        record["mtime_ns"] = int(row["mtime_ns"])
    return record


def skip_record(skip: Skip) -> SkipRecord:
    """The record of one skip."""
    path, exact = text_name(skip.path)
    record: SkipRecord = {"path": path or "."}
    if exact is not None:
        record["path_b64"] = exact
    record["skipped"] = skip.outcome.label
    record["detail"] = skip.detail
    return record


def _known(value: int) -> int | None:
    return int(value) if value >= 0 else None
