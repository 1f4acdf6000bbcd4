"""Manifests: the records of a scan in a file that is byte-identical for identical trees.

A manifest holds no times: two checkouts of one commit are one tree. A new format is a new module here, which declares
`FORMAT`; the help of `--manifest`, what is accepted and the list in the documentation follow from that.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.report.registry import declarations
from exosuit_cli.report.scan.manifest.format import ManifestFormat
from exosuit_cli.system.atomic import atomic_file, check_writable

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult

MANIFESTS: Final[dict[str, ManifestFormat]] = {
    found.suffix: found for found in declarations(__name__, __path__, ManifestFormat)
}
"""By the ending of the file's name."""


def check_manifest(path: str, name: str | None = None) -> None:
    """Find out before the scan what would make `write_manifest` fail after it. Raises UsageError and OutputError."""
    _format_of(path, name).check()
    check_writable(path)


def write_manifest(path: str, result: ScanResult, name: str | None = None) -> int:
    """Write the manifest atomically; its size in bytes. Raises OutputError; an older manifest is then unchanged.

    `name` is that of the format, None to go by the ending of `path`.
    """
    check_manifest(path, name)
    try:
        with atomic_file(path, mode=0o644) as file:
            _format_of(path, name).write(file, result)
        return os.stat(path).st_size
    except OSError as error:
        raise OutputError(f"cannot write {path!r}: {error.strerror or error}") from error


def _format_of(path: str, name: str | None) -> ManifestFormat:
    if name is not None:
        if f".{name}" not in MANIFESTS:
            known = ", ".join(suffix.removeprefix(".") for suffix in MANIFESTS)
            raise UsageError(f"unknown --format {name!r}: expected {known}")
        return MANIFESTS[f".{name}"]
    found = next((known for suffix, known in MANIFESTS.items() if path.endswith(suffix)), None)
    if found is None:
        raise UsageError(f"--manifest {path!r}: the name must end in {', '.join(MANIFESTS)}, or give --format")
    return found
