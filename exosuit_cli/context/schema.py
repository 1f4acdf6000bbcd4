"""The tables of a context's database, in the words of SQL. `sqlite3 NAME.db .schema` shows the same.

A context is one SQLite file in WAL mode. A load writes its files under the negative number of their source, in as many
transactions as it needs; the last transaction turns the sign, so that readers see the whole load or nothing of it.
"""

from __future__ import annotations

from typing import Final

from exosuit_cli.tiers import nvme

APPLICATION_ID: Final = 0x65786F73
"""`exos`: what tells a context from other SQLite files (`PRAGMA application_id`)."""
VERSION: Final = 3
"""The version of these tables (`PRAGMA user_version`)."""

SCHEMA: Final = (
    """
-- What concerns the whole context. `encoding`: of the token counts; `limit`: of the working context, in tokens, or
-- NULL; `on_full`: how it was chosen; `sources`: how many there are; `loading`: chunks from this number on belong to a
-- load that is not finished; `generation`: another one after every change of the files.
CREATE TABLE meta (
    key    TEXT PRIMARY KEY,
    value,
    seal   BLOB NOT NULL             -- BLAKE3 of key and value, the first 8 bytes
) WITHOUT ROWID;
-- Repositories, in the order in which they were loaded.
CREATE TABLE sources (
    id          INTEGER PRIMARY KEY,
    root        NOT NULL,            -- absolute; TEXT, or BLOB where it is not UTF-8
    name        TEXT NOT NULL,       -- unique in the context; begins the paths where there are several sources
    given       TEXT NOT NULL,       -- options that the load was given, as JSON
    key         TEXT NOT NULL,       -- what chunks depend on besides bytes: options and rules, as a digest
    tree_digest TEXT,                -- of the tree as loaded; NULL: the tree changed meanwhile
    files       INTEGER NOT NULL,
    bytes       INTEGER NOT NULL,
    lines       INTEGER NOT NULL,
    tokens      INTEGER NOT NULL,    -- of whole files
    spans       INTEGER NOT NULL,
    span_tokens INTEGER NOT NULL,    -- of their chunks
    loaded_ns   INTEGER NOT NULL,    -- nanoseconds since the epoch
    seal        BLOB NOT NULL        -- BLAKE3 of the row, the first 8 bytes
);
-- Files, text and binary. The order of a context is that of (source, path): by bytes, names that are not UTF-8 last.
CREATE TABLE files (
    id          INTEGER PRIMARY KEY,
    source      INTEGER NOT NULL,    -- negative: of a load that is not finished
    path        NOT NULL,            -- relative to the root; TEXT, or BLOB where it is not UTF-8
    digest      BLOB NOT NULL,       -- BLAKE3 of the bytes
    executable  INTEGER NOT NULL,
    size        INTEGER NOT NULL,    -- bytes
    lines       INTEGER,             -- NULL: binary
    tokens      INTEGER,             -- of the whole file; NULL: binary
    language    TEXT,
    spans       INTEGER NOT NULL,
    span_tokens INTEGER NOT NULL,
    seal        BLOB NOT NULL,       -- BLAKE3 of the row and its spans, the first 8 bytes
    below       TEXT                 -- why the file is not in the working context; NULL: it is
);
CREATE UNIQUE INDEX file_paths ON files (source, path);
-- Where chunks lie in files.
CREATE TABLE spans (
    file       INTEGER NOT NULL,
    ordinal    INTEGER NOT NULL,     -- from 0
    chunk      BLOB NOT NULL,        -- chunks.id
    tokens     INTEGER NOT NULL,
    start_byte INTEGER NOT NULL,
    end_byte   INTEGER NOT NULL,
    start_line INTEGER NOT NULL,     -- from 1
    end_line   INTEGER NOT NULL,     -- inclusive
    boundary   INTEGER NOT NULL,     -- 0 file, 1 section, 2 definition, 3 nested, 4 line, 5 forced
    symbol     TEXT,                 -- Class.method
    PRIMARY KEY (file, ordinal)
) WITHOUT ROWID;
CREATE INDEX span_chunks ON spans (chunk);
-- Vectors of chunks, by model.
CREATE TABLE vectors (
    chunk  BLOB NOT NULL,
    model  TEXT NOT NULL,
    codec  TEXT NOT NULL,            -- fp32, fp16 or int8
    scale  REAL,                     -- int8: what one step is worth
    error  REAL,                     -- the largest error of a component
    data   BLOB NOT NULL,
    PRIMARY KEY (chunk, model)
) WITHOUT ROWID;
"""
    + nvme.SCHEMA
)
SCHEMA_2: Final = SCHEMA.replace("NOT NULL,           -- unique: BLAKE3", "NOT NULL UNIQUE,    -- BLAKE3").replace(
    "CREATE UNIQUE INDEX chunk_ids ON chunks (id);\n", ""
)
"""The tables before version 3, which a context keeps: the index of the ids of chunks is part of theirs."""

MIGRATIONS: Final[dict[int, str]] = {1: "DROP TRIGGER IF EXISTS chunk_came", 2: ""}
"""SQL that turns a context of this version into the next one."""
