"""The texts of a slab, apart from what lies between them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.model.slab import Slab
from exosuit_cli.shards.cutting import _part


@given(st.lists(st.tuples(st.binary(max_size=9) | st.just(b"long" * 99), st.booleans()), max_size=9))
def test_texts_move_up_over_other_files_where_they_are(files: list[tuple[bytes, bool]]) -> None:
    """Memory that is shared with a device stays what it is, so that their chunks are found there."""
    memory = np.frombuffer(b"".join(content for content, _ in files) + b"?", np.uint8).copy()
    lengths = np.array([len(content) for content, _ in files], np.int64)
    slab = Slab(memory[:-1], np.cumsum(lengths) - lengths, lengths)
    found = _part(slab, [index for index, (_, is_text) in enumerate(files) if is_text])
    texts = [content for content, is_text in files if is_text]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    assert (found.offsets + found.lengths).tolist() == ends.tolist()
    assert found.data.tobytes() == b"".join(texts)
    assert found.data.ctypes.data == memory.ctypes.data
