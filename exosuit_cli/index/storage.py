"""The index on disk: written atomically, and read back whole or refused."""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3

from exosuit_cli.index.format import (
    DIRECTORY_FIELDS,
    SEAL_BYTES,
    IndexUnusable,
    open_index,
    pack_sections,
    read_sections,
    read_whole,
    split_names,
)
from exosuit_cli.index.index import Index
from exosuit_cli.index.kept import NOTHING_KEPT, UNKNOWN, KeptRows
from exosuit_cli.index.own_outputs import Identities, makes_no_difference
from exosuit_cli.model.records import RAW, READ_OUTCOMES, ROW, Directory, Outcome, Rows, Skip
from exosuit_cli.system.atomic import remove_left_behind, write_atomic
from exosuit_cli.system.lock import lock_exclusively
from exosuit_cli.walk.listing import Listing, RuleState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

FINE_SLACK_NS = 100_000_000
"""How long before a scan a write may have been for its time to repeat: over ten ticks of a 100 Hz kernel clock."""
COARSE_SLACK_NS = 2_000_000_000
"""The same for file systems that keep whole seconds (FAT: two of them)."""
LOCK_PATIENCE_SECONDS = 2.0
"""How long a scan waits for another that writes the same index; a lock may be held for ever."""

_DIRECTORY = np.dtype(list(DIRECTORY_FIELDS))


def load_index(
    path: str, content_key: str, walk_key: str, base: bytes = b"", own_outputs: Identities = frozenset()
) -> Index:
    """Read the index at `path`; `own_outputs` are the files and directories that this run leaves out as its own.

    Raises IndexUnusable, FileNotFoundError, OSError; never returns a damaged index.
    """
    with open_index(path) as file:
        data = read_whole(file)
    if blake3(memoryview(data)[:-SEAL_BYTES]).digest() != data[-SEAL_BYTES:]:
        raise IndexUnusable("its checksum does not match")
    header, sections = read_sections(data)
    if header["content_key"] != content_key:
        raise IndexUnusable("it was made with other options")
    index = _assemble(header, sections, data[-SEAL_BYTES:], walk_is_known=header["walk_key"] == walk_key)
    then = frozenset((device, inode) for device, inode in header["own_outputs"])
    index.walk_is_known &= makes_no_difference(index, base, then, own_outputs)
    return index


def _assemble(header: dict[str, Any], sections: dict[str, memoryview], seal: bytes, *, walk_is_known: bool) -> Index:
    rows = np.frombuffer(sections["rows"], RAW).copy().view(ROW)
    made = int(header["started_ns"])
    rows["size"][_young(rows["mtime_ns"], made) | _young(rows["ctime_ns"], made)] = UNKNOWN
    rows["size"][~np.isin(rows["outcome"], READ_OUTCOMES)] = UNKNOWN
    directories = np.frombuffer(sections["directories"], _DIRECTORY)
    young = _young(directories["mtime_ns"], made) | _young(directories["ctime_ns"], made)
    paths = split_names(sections["paths"], len(directories))
    names = split_names(sections["names"], len(rows))
    skips = [
        Skip(os.fsencode(path), Outcome(outcome), detail, bool(is_directory))
        for path, outcome, detail, is_directory in json.loads(bytes(sections["skips"]))
    ]
    listings: list[Listing] = []
    children: dict[bytes, list[bytes]] = {}
    file_start = skip_start = 0
    for path, record in zip(paths, directories.tolist(), strict=True):
        device, inode, mtime_ns, ctime_ns, files, skip_count, entered = record
        listings.append(
            Listing(
                Directory(path, device, inode, mtime_ns, ctime_ns),
                tuple(names[file_start : file_start + files]),
                tuple(skips[skip_start : skip_start + skip_count]),
                bool(entered),
            )
        )
        children.setdefault(path, [])  # files asked for by name have a listing beside their directory's own
        parent, _, name = path.rpartition(b"/")
        # A listing of files that were asked for by name is not the directory's own: no walk entered it.
        is_own = entered or any(skip.path == path for skip in listings[-1].skips)
        if path and is_own and parent in children:
            children[parent].append(name)
        file_start += files
        skip_start += skip_count
    return Index(
        rows=rows,
        order=np.frombuffer(sections["order"], np.int64),
        tree_digest=str(header["tree_digest"]),
        seal=seal,
        listings=listings,
        below=[children[listing.directory.path] for listing in listings],
        trusted=(~young & _is_whole(directories, listings)).tolist(),
        rules={os.fsencode(path): _rule_state(state, made) for path, state in json.loads(bytes(sections["rules"]))},
        walk_is_known=walk_is_known,
        kept=KeptRows.of(sections),
    )


def _is_whole(directories: np.ndarray, listings: Sequence[Listing]) -> np.ndarray:
    """Whether a directory was entered, or was left out for what it is: it still is that while it is unchanged."""
    whole: np.ndarray = directories["entered"] != 0
    for position in np.flatnonzero(~whole).tolist():
        skips = listings[position].skips
        whole[position] = len(skips) == 1 and skips[0].outcome is Outcome.DEFAULT_IGNORED
    return whole


def save_index(
    path: str,
    *,
    content_key: str,
    walk_key: str,
    started_ns: int,
    rows: Rows,
    order: np.ndarray,
    tree_digest: str,
    listings: Sequence[Listing],
    rules: Mapping[bytes, RuleState | None],
    own_outputs: Identities = frozenset(),
    kept: KeptRows = NOTHING_KEPT,
    give_up: Callable[[], object] = lambda: False,
) -> int:
    """Write an index atomically; the bytes written. What killed processes left of theirs is removed.

    One writer at a time: a second one waits. Raises OSError: TimeoutError where the other does not end,
    InterruptedError as soon as `give_up()` is true while it waits.
    """
    directories = np.array(
        [
            (
                listing.directory.device,
                listing.directory.inode,
                listing.directory.mtime_ns,
                listing.directory.ctime_ns,
                len(listing.names),
                len(listing.skips),
                listing.entered,
            )
            for listing in listings
        ],
        _DIRECTORY,
    )
    skips = [
        (os.fsdecode(skip.path), int(skip.outcome), skip.detail, int(skip.is_directory))
        for listing in listings
        for skip in listing.skips
    ]
    sections = {
        "rows": rows.tobytes(),
        "order": order.astype(np.int64).tobytes(),
        "directories": directories.tobytes(),
        "paths": b"\0".join([listing.directory.path for listing in listings]),
        "names": b"\0".join([name for listing in listings for name in listing.names]),
        "skips": json.dumps(skips).encode(),
        "rules": json.dumps([(os.fsdecode(name), state) for name, state in rules.items()]).encode(),
        **kept.sections(),
    }
    parts = pack_sections(
        {
            "content_key": content_key,
            "walk_key": walk_key,
            "started_ns": started_ns,
            "tree_digest": tree_digest,
            "own_outputs": sorted(own_outputs),
        },
        sections,
    )
    seal = blake3()
    for part in parts:
        seal.update(part)
    parts.append(seal.digest())
    data = b"".join(parts)
    with _writer_lock(path + ".lock", give_up):
        remove_left_behind(os.path.dirname(path))
        write_atomic(path, data)
    return len(data)


@contextlib.contextmanager
def _writer_lock(path: str, give_up: Callable[[], object]) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            lock_exclusively(descriptor, LOCK_PATIENCE_SECONDS, give_up=give_up)
        except OSError as error:
            error.filename = path
            raise
        yield
    finally:
        os.close(descriptor)


def _young(times_ns: np.ndarray, made_ns: int) -> np.ndarray:
    """Whether each time is so close to the scan that a later write could repeat it."""
    slack = np.where(times_ns % 1_000_000_000 == 0, COARSE_SLACK_NS, FINE_SLACK_NS)
    return times_ns >= made_ns - slack


def _rule_state(state: list[int] | None, made_ns: int) -> RuleState | None:
    """The remembered state of an ignore file; one that was young equals no present state."""
    if state is None:
        return None
    found = RuleState(*state)
    young = _young(np.array([found.mtime_ns, found.ctime_ns]), made_ns)
    return found._replace(size=UNKNOWN) if young.any() else found
