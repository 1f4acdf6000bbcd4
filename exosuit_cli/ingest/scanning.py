"""The scan: from paths to a result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.ingest.pipeline import Run
from exosuit_cli.walk.roots import resolve_names, resolve_roots

if TYPE_CHECKING:
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.ingest.result import ScanResult
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.walk.roots import PathLike


def scan(
    paths: PathLike | Sequence[PathLike],
    options: ScanOptions | None = None,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> ScanResult:
    """Scan files and directories: every path seen is in the result, as a row or as a skip with its reason.

    The result depends on the tree and the options only, not on workers, order, device or index. Nothing is written but
    the index, outside of the tree. `stop` ends the scan early with a partial result; `progress` is called several times
    a second, on this thread.

    Raises UsageError for paths and options that cannot be carried out, ResourceMissing for a device that is not there.
    """
    several = paths if isinstance(paths, Sequence) and not isinstance(paths, (str, bytes)) else [paths]
    return Run(resolve_roots(several), options or ScanOptions(), stop, progress).run()


def scan_names(
    base: PathLike,
    names: Sequence[bytes],
    options: ScanOptions | None = None,
    *,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> ScanResult:
    """Scan the files and directories that a list names, relative to the directory `base`; see `scan`.

    A name that does not exist becomes a skip, not an error.
    """
    return Run(resolve_names(base, names), options or ScanOptions(), stop, progress).run()
