"""The persistent tier: chunks in a table of a SQLite database, each compressed on its own, each verified when read.

SQLite was measured beside LMDB and RocksDB with the same texts (`scripts/bench_context.py`, and its figures in
`logs/bench/context-linux-6.1.json`). LMDB recalls 1.6 times as fast, RocksDB 1.2 times. SQLite is here because a
context is more than its chunks: files, spans and sources, changed in one transaction and open to everybody's tools.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final

import numpy as np
from blake3 import blake3

from exosuit_cli.tiers.frames import TextFrames
from exosuit_cli.tiers.protocol import KEY_BYTES, Entry, TierUsage, check_keys

if TYPE_CHECKING:
    import mmap
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.tiers.seen_keys import SeenKeys

SCHEMA: Final = """
-- A chunk of text, stored once however often it occurs.
CREATE TABLE chunks (
    number INTEGER PRIMARY KEY,     -- ascending in the order of arrival, which is that of files
    id     BLOB NOT NULL,           -- unique: BLAKE3 of the text, the first 16 bytes
    tokens INTEGER NOT NULL,        -- of the text, in the context's encoding
    size   INTEGER NOT NULL,        -- of the text, in bytes
    codec  INTEGER NOT NULL,        -- 0: data is the text; 1: a zstd frame of it; n > 1: with dictionary n
    data   BLOB NOT NULL
);
CREATE UNIQUE INDEX chunk_ids ON chunks (id);
-- zstd dictionaries, trained on chunks of this context.
CREATE TABLE dictionaries (
    codec  INTEGER PRIMARY KEY,     -- 2 and up
    data   BLOB NOT NULL
);
-- Sums over chunks, kept by the triggers below, and by whoever inserts chunks: a trigger would double the time of it.
CREATE TABLE totals (
    chunks INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    size   INTEGER NOT NULL,        -- of the texts, in bytes
    stored INTEGER NOT NULL         -- of data, in bytes
);
INSERT INTO totals VALUES (0, 0, 0, 0);
CREATE TRIGGER chunk_was_packed AFTER UPDATE OF data ON chunks BEGIN
    UPDATE totals SET stored = stored + length(new.data) - length(old.data);
END;
CREATE TRIGGER chunk_left AFTER DELETE ON chunks BEGIN
    UPDATE totals SET chunks = chunks - 1, tokens = tokens - old.tokens, size = size - old.size,
                      stored = stored - length(old.data);
END;
"""

_PACKED_ROWS: Final = 1000
_ASKED: Final = 256
"""Keys in one statement: with one each, finding a row takes three times as long as unpacking it."""
_SELECTS: Final = {
    count: f"SELECT id, codec, data FROM chunks WHERE id IN ({', '.join('?' * count)})"  # noqa: S608
    for count in (1, 4, 16, 64, _ASKED)
}
"""By how many keys they ask for: one for 256 keys takes as long for the three chunks of a file as for 256."""
_ADD_UP: Final = """
UPDATE totals SET (chunks, tokens, size, stored) = (
    SELECT totals.chunks + count(*), totals.tokens + ifnull(sum(came.tokens), 0),
           totals.size + ifnull(sum(came.size), 0), totals.stored + ifnull(sum(length(came.data)), 0)
    FROM chunks AS came WHERE came.number > ?
)
"""
_INSERT: Final = "INSERT OR IGNORE INTO chunks (id, tokens, size, codec, data) VALUES (?, ?, ?, ?, ?)"


class NvmeTier:
    """Chunks in the database of `connection`, whose transactions are the caller's.

    A chunk that does not fit the budget is not taken. Reading finds what the connection sees: other processes may write
    meanwhile. `damaged` counts the rows whose text did not have the BLAKE3 of its id: each was a miss, and stays where
    it is, for a check to name and a repair to mend.
    """

    name = "nvme"

    def __init__(
        self, connection: sqlite3.Connection, *, capacity_bytes: int | None = None, token_capacity: int | None = None
    ) -> None:
        self.damaged = 0
        self._connection = connection
        self.capacity_bytes = capacity_bytes
        self.token_capacity = token_capacity
        self._frames = TextFrames(connection)
        self.seen: SeenKeys | None = None
        """The keys that came since the table was empty, for as long as it has no index; None: it has one."""

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The texts of chunks by id, each verified; None for one that is not here or is damaged."""
        texts: dict[bytes, bytes | None] = {}
        for start in range(0, len(keys), _ASKED):
            asked = list(keys[start : start + _ASKED])
            # A statement for each number of keys would be compiled anew: the last key is asked for again instead.
            count = next(each for each in _SELECTS if each >= len(asked))
            asked += asked[-1:] * (count - len(asked))
            for row in self._connection.execute(_SELECTS[count], asked):
                texts[row[0]] = self.text_of(*row)
        return [texts.get(key) for key in keys]

    def text_of(self, key: bytes, codec: object, data: object) -> bytes | None:
        """The text of a row of `chunks`, where it has the BLAKE3 of `key`; None, and counted, where it is damaged."""
        text = self._frames.unpack(codec, data)
        if text is not None and blake3(text).digest(KEY_BYTES) == key:
            return text
        self.damaged += 1
        return None

    def excess(self) -> tuple[int, int]:
        """Bytes and tokens over the budgets; 0 where it holds no more than it may."""
        _, tokens, _, stored = self._totals()
        bytes_over = 0 if self.capacity_bytes is None else max(stored - self.capacity_bytes, 0)
        return bytes_over, 0 if self.token_capacity is None else max(tokens - self.token_capacity, 0)

    def put(self, entries: Sequence[Entry]) -> int:
        """Store chunks; how many of the first fitted. One that is here already is taken and not stored again.

        Raises ValueError for a text that is not what its key says.
        """
        check_keys(entries)
        fitting = self._fitting([(len(entry.data), entry.tokens) for entry in entries])
        if fitting < len(entries):  # what is here already takes no room
            held = self._held([entry.key for entry in entries])
            fitting = self._fitting([(0, 0) if e.key in held else (len(e.data), e.tokens) for e in entries])
        taken = entries[:fitting]
        self.put_many(
            [entry.key for entry in taken],
            [entry.tokens for entry in taken],
            b"".join(entry.data for entry in taken),
            np.array([len(entry.data) for entry in taken], np.int64),
        )
        return fitting

    def put_many(
        self,
        keys: Sequence[bytes],
        tokens: Sequence[int],
        texts: bytes | memoryview | mmap.mmap,
        sizes: npt.NDArray[np.int64],
    ) -> None:
        """Store chunks whose texts lie one after the other in `texts`, whatever the budget.

        `sizes` is int64[n], their bytes.
        """
        if not keys:
            return
        is_new = self.seen.add(b"".join(keys)) if self.seen is not None else np.ones(len(keys), np.bool_)
        places = np.flatnonzero(is_new)
        frames = self._frames.pack_many(texts, (np.cumsum(sizes) - sizes)[places], sizes[places])
        codec, lengths = self._frames.codec, sizes.tolist()
        rows = (
            (keys[place], tokens[place], lengths[place], codec, frame)
            for place, frame in zip(places.tolist(), frames, strict=True)
        )
        (last,) = self._connection.execute("SELECT ifnull(max(number), 0) FROM chunks").fetchone()
        self._connection.executemany(_INSERT, rows)
        self._connection.execute(_ADD_UP, (last,))

    def train(self, samples: Sequence[bytes]) -> bool:
        """Make a dictionary from sample texts and use it from now on; False where the texts are too few for one."""
        return self._frames.train(samples)

    def pack_again(self) -> None:
        """Compress every chunk with the newest dictionary, and drop the older ones. A damaged chunk stays as it is."""
        codec, pack = self._frames.codec, self._frames.pack
        execute = self._connection.execute
        (highest,) = execute("SELECT ifnull(max(number), 0) FROM chunks").fetchone()
        for first in range(1, highest + 1, _PACKED_ROWS):
            rows = execute(
                "SELECT number, id, codec, data FROM chunks WHERE number BETWEEN ? AND ?",
                (first, first + _PACKED_ROWS - 1),
            ).fetchall()
            texts = ((row[0], self.text_of(*row[1:])) for row in rows)
            self._connection.executemany(
                "UPDATE chunks SET codec = ?, data = ? WHERE number = ?",
                ((codec, pack(text), number) for number, text in texts if text is not None),
            )
        execute(
            "DELETE FROM dictionaries WHERE codec NOT IN (SELECT DISTINCT codec FROM chunks) AND codec < ?", (codec,)
        )

    def has_dictionary(self) -> bool:
        """Whether one was trained before."""
        return self._frames.has_dictionary()

    def discard(self, keys: Sequence[bytes]) -> None:
        """Delete chunks by id; one that is not here is no error."""
        self._connection.executemany("DELETE FROM chunks WHERE id = ?", ((key,) for key in keys))

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        """Tokens of each chunk; 0 for one that is not here."""
        execute = self._connection.execute
        rows = (execute("SELECT tokens FROM chunks WHERE id = ?", (key,)).fetchone() for key in keys)
        return [0 if row is None else row[0] for row in rows]

    def __contains__(self, key: bytes) -> bool:
        return self._connection.execute("SELECT 1 FROM chunks WHERE id = ?", (key,)).fetchone() is not None

    def __len__(self) -> int:
        return self._totals()[0]

    def usage(self) -> TierUsage:
        """What the table holds; `used_bytes` are those of the compressed texts."""
        chunks, tokens, size, stored = self._totals()
        return TierUsage(
            name=self.name,
            capacity_bytes=self.capacity_bytes or 0,
            token_capacity=self.token_capacity or 0,
            used_bytes=stored,
            tokens=tokens,
            entries=chunks,
            data_bytes=size,
            damaged=self.damaged,
        )

    def close(self) -> None:
        """Nothing: the connection is the caller's."""

    def _totals(self) -> tuple[int, int, int, int]:
        row = self._connection.execute("SELECT chunks, tokens, size, stored FROM totals").fetchone()
        if row is None or not all(isinstance(value, int) for value in row):
            raise sqlite3.DatabaseError("the row of the table totals is not what was written")
        chunks, tokens, size, stored = row
        return chunks, tokens, size, stored

    def _fitting(self, wanted: Sequence[tuple[int, int]]) -> int:
        """How many of the first chunks, of (bytes, tokens), fit the budgets; bytes are counted before compression."""
        _, tokens, _, stored = self._totals()
        for place, (size, count) in enumerate(wanted):
            stored += size
            tokens += count
            if self.capacity_bytes is not None and stored > self.capacity_bytes:
                return place
            if self.token_capacity is not None and tokens > self.token_capacity:
                return place
        return len(wanted)

    def _held(self, keys: Sequence[bytes]) -> set[bytes]:
        execute = self._connection.execute
        return {key for key in keys if execute("SELECT 1 FROM chunks WHERE id = ?", (key,)).fetchone() is not None}
