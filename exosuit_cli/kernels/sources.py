"""The text of the device kernels, and which file holds which."""

from __future__ import annotations

from importlib import resources

from exosuit_cli.model.digests import DIGESTS

SHARED = "slab.cuh"
"""Stands before every other file."""

MODULES: dict[str, tuple[str, ...]] = {
    "slab.cu": ("slab_lists",),
    **{digest.source: digest.kernels for digest in DIGESTS.values() if digest.source},
    "lines.cu": ("tile_counts", "scan_tiles", "scan_add", "line_starts", "line_structure"),
    "tokens.cu": ("token_classes", "token_words", "token_merges", "token_counts", "token_files", "token_lines"),
}
"""The kernels of every file; a file is compiled by itself."""

KERNELS = {kernel: module for module, kernels in MODULES.items() for kernel in kernels}


def module_source(module: str) -> str:
    """The whole text of one file to compile; the compiler's messages name the file and its own lines."""
    folder = resources.files("exosuit_cli.kernels")
    parts = [f'#line 1 "{name}"\n{(folder / name).read_text("ascii")}' for name in (SHARED, module)]
    return "\n".join(parts)
