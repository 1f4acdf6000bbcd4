"""The optional packages that write Parquet."""

from __future__ import annotations

from typing import Any

from exosuit_cli.model.errors import UsageError


def pyarrow_modules(what: str) -> tuple[Any, Any]:
    """Import pyarrow and pyarrow.parquet. Raises UsageError, which says what to install for `what`."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise UsageError(f"{what} needs pyarrow: pip install 'exosuit-cli[parquet]'") from error
    return pyarrow, pyarrow.parquet
