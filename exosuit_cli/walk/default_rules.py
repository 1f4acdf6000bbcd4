"""What a walk leaves out by default: directories that tools make, and that nobody means by a source tree.

No file that git tracks is among it: a directory that holds one is entered for it. A rule of an ignore file that names
such a directory with `!` takes it back in.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.safe_open import FILE_FLAGS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

SIGNATURE: Final = b"Signature: 8a477f597d28d172789f06886806bc55"
"""How a CACHEDIR.TAG begins, by its specification (https://bford.info/cachedir/)."""


@dataclass(frozen=True, slots=True)
class DefaultRule:
    """One kind of directory: recognised by its own name, or by a file or a directory that lies in it."""

    name: str
    directories: tuple[str, ...] = ()
    marker: str = ""
    is_signed: bool = False
    """The marker counts only if it begins with SIGNATURE."""
    marker_is_directory: bool = False


DEFAULT_RULES: Final = (
    DefaultRule("virtual environment", marker="pyvenv.cfg"),
    DefaultRule("conda environment", marker="conda-meta", marker_is_directory=True),
    DefaultRule("cache", marker="CACHEDIR.TAG", is_signed=True),
    DefaultRule("installed packages", ("node_modules", "bower_components", ".eggs", "__pypackages__")),
    DefaultRule("compiled Python", ("__pycache__",)),
    DefaultRule("test environments", (".tox", ".nox")),
    DefaultRule(
        "tool caches",
        (
            ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints", ".gradle", ".terraform",
            ".parcel-cache", ".svelte-kit", ".next", ".nuxt", ".turbo", ".nyc_output",
        ),
    ),
    DefaultRule("version control", (".hg", ".svn", ".jj", ".bzr", "CVS", "_darcs")),
)  # fmt: skip
"""The whole set, in the order of the manual."""

NAMED: Final[Mapping[bytes, DefaultRule]] = {
    os.fsencode(name): rule for rule in DEFAULT_RULES for name in rule.directories
}
"""The rule of each name of a directory."""

FILE_MARKERS: Final[Mapping[bytes, DefaultRule]] = {
    os.fsencode(rule.marker): rule for rule in DEFAULT_RULES if rule.marker and not rule.marker_is_directory
}
DIRECTORY_MARKERS: Final[Mapping[bytes, DefaultRule]] = {
    os.fsencode(rule.marker): rule for rule in DEFAULT_RULES if rule.marker_is_directory
}


def marked_as(descriptor: int, names: Collection[bytes]) -> str:
    """What the markers among these names of an open directory say that it is, in words; empty without any."""
    for marker, rule in (*FILE_MARKERS.items(), *DIRECTORY_MARKERS.items()):
        if marker in names and (not rule.is_signed or _is_signed(descriptor, marker)):
            return f"{rule.name} ({rule.marker})"
    return ""


def _is_signed(directory: int, name: bytes) -> bool:
    try:
        descriptor = os.open(name, FILE_FLAGS, dir_fd=directory)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(SIGNATURE)) == SIGNATURE
    except OSError:  # no plain file any more
        return False
    finally:
        os.close(descriptor)
