"""The digest of a whole tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.model.digests import DIGESTS

if TYPE_CHECKING:
    from exosuit_cli.model.records import Rows

_DOMAIN: Final = b"exosuit.tree/1\0"


def tree_digest(paths: list[bytes], rows: Rows, algorithm: str) -> str:
    r"""The digest of a whole tree, in hex: equal trees have equal ones on any machine, in any order of work.

    It is BLAKE3-256 over the ASCII bytes `exosuit.tree/1`, NUL, the name of the file digest (as `blake3`), NUL,
    and then for each ingested file, in ascending byte order of the path relative to the scan's base: the path, NUL,
    the mode class (`x` if the owner may execute it, else `-`), and the raw digest in the width that the
    digest has. Times, owners, other mode bits, empty directories and skipped paths do not enter. `paths` is sorted.
    """
    width = DIGESTS[algorithm].width
    tails = np.zeros((len(paths), width + 2), np.uint8)
    tails[:, 1] = np.where(rows["executable"], ord("x"), ord("-"))
    tails[:, 2:] = rows["digest"][:, :width]
    blob = tails.tobytes()
    parts: list[bytes] = [b""] * (2 * len(paths))
    parts[0::2] = paths
    parts[1::2] = [blob[start : start + width + 2] for start in range(0, len(blob), width + 2)]
    digest = blake3(_DOMAIN + algorithm.encode() + b"\0")
    digest.update(b"".join(parts))
    return digest.hexdigest()
