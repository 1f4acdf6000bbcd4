"""CuPy: which package it came in, and its import with its cache in a place of ours."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any

from exosuit_cli.device.nvml import ORDER
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.system.paths import cache_directory, ensure_private


def cupy_module() -> Any:
    """CuPy, with its settings made before it is imported: it reads them, and makes its cache directory, then.

    What it builds is kept below our cache directory, or for this process only where that cannot be written. Raises
    ImportError and what a broken installation raises.
    """
    os.environ.setdefault(*ORDER)
    if "cupy" not in sys.modules and "CUPY_CACHE_DIR" not in os.environ:
        try:
            directory = os.path.join(ensure_private(cache_directory()), "kernels")
            os.makedirs(directory, mode=0o700, exist_ok=True)
            is_writable = os.access(directory, os.W_OK | os.X_OK)
        except (ExosuitError, OSError):
            is_writable = False
        if not is_writable:
            import atexit
            import shutil
            import tempfile

            directory = tempfile.mkdtemp(prefix="exosuit-kernels-")
            atexit.register(shutil.rmtree, directory, ignore_errors=True)
        os.environ["CUPY_CACHE_DIR"] = directory
    import cupy

    return cupy


def cupy_package() -> str | None:
    """The package that CuPy came in, with its version."""
    from importlib.metadata import PackageNotFoundError, version

    for name in ("cupy-cuda13x", "cupy-cuda12x"):
        with contextlib.suppress(PackageNotFoundError):
            return f"{name} {version(name)}"
    return None
