"""The first place of every chunk id, whatever batches and files the chunks came in."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.ingest.first_places import FirstPlaces

files = st.lists(st.lists(st.integers(0, 9), max_size=4), max_size=5)
"""The numbers of ids of the chunks of each file."""


@given(st.lists(files, max_size=5))
@settings(deadline=None)
def test_a_repeated_id_names_its_first_place(batches: list[list[list[int]]]) -> None:
    places = FirstPlaces()
    expected: dict[int, tuple[bytes, int]] = {}
    for number, batch in enumerate(batches):
        paths = [b"%d/%d" % (number, file) for file in range(len(batch))]
        entries = [(path, start, key) for path, own in zip(paths, batch, strict=True) for start, key in enumerate(own)]
        ids = np.zeros((len(entries), ID_BYTES), np.uint8)
        ids[:, 3] = [key for _, _, key in entries]  # bytes of zero at both ends count, too
        repeats = {}
        for position, (path, start, key) in enumerate(entries):
            if key in expected:
                repeats[position] = expected[key]
            expected.setdefault(key, (path, start))
        counts = np.array([len(own) for own in batch], np.int64)
        starts = np.array([start for _, start, _ in entries], np.int64)
        assert places.enter(paths, counts, starts, ids) == repeats
