"""The incremental index: what the last scan of a tree knew, so that the next reads only what changed.

It answers two questions. Has this directory changed (its own times, and the ignore rules in force in it)? If not, its
listing stands. Has this file changed (size, times, device, inode, mode)? If not, its row stands. Whatever was written
so shortly before the last scan that a later write could carry the same time is not trusted (git's racy rule:
Documentation/technical/racy-git.txt).
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import stat
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from blake3 import blake3

from exosuit_cli.index.format import (
    DIRECTORY_FIELDS,
    HEAD,
    MAGIC,
    SEAL_BYTES,
    VERSION,
    pack_sections,
    read_sections,
    split_names,
)
from exosuit_cli.model.records import RAW, ROW, Directory, Outcome, Rows, Skip
from exosuit_cli.system.atomic import write_atomic
from exosuit_cli.walk import Listing
from exosuit_cli.walk.tree import PastDirectory, RuleState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.index.changes import Standing

FINE_SLACK_NS = 100_000_000
"""How long before a scan a write may have been for its time to repeat: over ten ticks of a 100 Hz kernel clock."""
COARSE_SLACK_NS = 2_000_000_000
"""The same for file systems that keep whole seconds (FAT: two of them)."""

_DIRECTORY = np.dtype(list(DIRECTORY_FIELDS))


class IndexUnusable(Exception):
    """The file is no index that this version and these options can use; the message says why.

    `refused` is True where it must not be replaced either: another version's, another user's, or no index at all.
    """

    def __init__(self, reason: str, *, refused: bool = False) -> None:
        super().__init__(reason)
        self.refused = refused


Identities = frozenset[tuple[int, int]]
"""(st_dev, st_ino) of files and directories."""

_OWN_INSTEAD = frozenset(
    {
        Outcome.VERSION_CONTROL, Outcome.HIDDEN, Outcome.IGNORED, Outcome.EXCLUDED, Outcome.NOT_INCLUDED,
        Outcome.UNREADABLE, Outcome.VANISHED,
    }
)  # fmt: skip
"""Why a path was left out that would be left out as an own output first, if it were one."""

UNKNOWN = -1
"""The `size` of a row that no file can equal: what the index knows of it is not to be trusted."""


@dataclass(slots=True)
class Index:
    """An index in memory.

    `listings` are in walk order; `rows` are ROW[files] in the same order, listing by listing; `order` sorts those of
    ingested files by path; `seal` is the checksum of the file. `below` and `trusted` are aligned with `listings`: the
    directories entered from each, and whether it was listed as a whole and was not young. `rules` are the ignore files
    that were in force.
    """

    rows: Rows
    order: npt.NDArray[np.int64]
    tree_digest: str
    seal: bytes
    listings: list[Listing]
    below: list[list[bytes]]
    trusted: list[bool]
    rules: Mapping[bytes, RuleState | None]
    walk_is_known: bool
    """Whether the listings were made with the same walk options."""
    _starts: list[int] = field(init=False)
    _positions: dict[bytes, int] = field(init=False)
    _standing: Standing | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self._starts = [0, *accumulate(len(listing.names) for listing in self.listings)]
        self._positions = {}
        for position, listing in enumerate(self.listings):
            self._positions.setdefault(listing.directory.path, position)  # as for `below`, the directory's own

    def start(self, position: int) -> int:
        """Where the rows of a listing start; of the position after the last, the number of rows."""
        return self._starts[position]

    def position(self, path: bytes) -> int | None:
        """Where the listing of a directory is, None if it has none."""
        return self._positions.get(path)

    def stand(self, standing: Standing) -> None:
        """Enter what `recheck` found."""
        self._standing = standing

    @property
    def stands(self) -> bool:
        """Whether all that it holds stands, and as a walk would find it now."""
        return self.walk_is_known and self._standing is not None and self._standing.is_whole()

    def unchanged_directories(self) -> dict[bytes, PastDirectory]:
        """The directories whose listings stand."""
        if self._standing is None or not self.walk_is_known:
            return {}
        return {
            listing.directory.path: PastDirectory(listing, below)
            for listing, below, stands in zip(self.listings, self.below, self._standing.directories, strict=True)
            if stands
        }

    def known_rows(self, listing: Listing) -> tuple[Rows, npt.NDArray[np.bool_]] | None:
        """ROW[names] and bool[names]: the remembered rows of a listing's files, and which of them stand.

        None where nothing is known of the directory.
        """
        position = self._positions.get(listing.directory.path)
        if position is None or self._standing is None:
            return None
        start, stop = self._starts[position], self._starts[position + 1]
        old = self.listings[position]
        if old is listing:
            return self.rows[start:stop], self._standing.files[start:stop]
        place = {name: start + index for index, name in enumerate(old.names)}
        places = np.array([place.get(name, -1) for name in listing.names], np.int64)
        if not len(self.rows):
            return None
        stands = (places >= 0) & self._standing.files[places]
        return self.rows.view(RAW)[places].view(ROW), stands


def load_index(
    path: str, content_key: str, walk_key: str, base: bytes = b"", own_outputs: Identities = frozenset()
) -> Index:
    """Read the index at `path`; `own_outputs` are the files and directories that this run leaves out as its own.

    Raises IndexUnusable, FileNotFoundError, OSError; never returns a damaged index.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise IndexUnusable("it is not a regular file", refused=True)
        if status.st_uid != os.geteuid():
            raise IndexUnusable("it belongs to another user", refused=True)
        data = file.read()
    if not data.startswith(MAGIC):
        raise IndexUnusable("it is not an index", refused=True)
    if len(data) < len(MAGIC) + HEAD.size + SEAL_BYTES:
        raise IndexUnusable("it is cut off")
    version, _ = HEAD.unpack_from(data, len(MAGIC))
    if version > VERSION:
        raise IndexUnusable(f"a newer exosuit wrote it (format {version}, this one reads {VERSION})", refused=True)
    if version < VERSION:
        raise IndexUnusable(f"an older exosuit wrote it (format {version})")
    if blake3(memoryview(data)[:-SEAL_BYTES]).digest() != data[-SEAL_BYTES:]:
        raise IndexUnusable("its checksum does not match")
    header, sections = read_sections(data)
    if header["content_key"] != content_key:
        raise IndexUnusable("it was made with other options")
    index = _assemble(header, sections, data[-SEAL_BYTES:], walk_is_known=header["walk_key"] == walk_key)
    then = frozenset((device, inode) for device, inode in header["own_outputs"])
    index.walk_is_known &= _meets_the_same(index, base, then, own_outputs)
    return index


def _meets_the_same(index: Index, base: bytes, then: Identities, now: Identities) -> bool:
    """Whether own outputs other than those of the remembered walk would make no difference to it.

    They make one where a path that was no own output is one now, or the other way round; what was not there then has
    changed its directory.
    """
    if then == now:
        return True
    rows = index.rows
    if (rows["outcome"] != Outcome.INGESTED).any():  # of these the identity is not known
        return False
    directories = {(listing.directory.device, listing.directory.inode) for listing in index.listings}
    if any(own in directories or ((rows["inode"] == own[1]) & (rows["device"] == own[0])).any() for own in now):
        return False
    for listing in index.listings:
        for skip in listing.skips:
            was_own = skip.outcome is Outcome.OWN_OUTPUT
            if was_own or skip.outcome in _OWN_INSTEAD:
                try:
                    status = os.lstat(os.path.join(base, skip.path))
                except OSError:
                    return False
                if ((status.st_dev, status.st_ino) in now) != was_own:
                    return False
    return True


def _assemble(header: dict[str, Any], sections: dict[str, memoryview], seal: bytes, *, walk_is_known: bool) -> Index:
    rows = np.frombuffer(sections["rows"], RAW).copy().view(ROW)
    made = int(header["started_ns"])
    rows["size"][_young(rows["mtime_ns"], made) | _young(rows["ctime_ns"], made)] = UNKNOWN
    rows["size"][rows["outcome"] != Outcome.INGESTED] = UNKNOWN
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
        trusted=((directories["entered"] != 0) & ~young).tolist(),
        rules={os.fsencode(path): _rule_state(state, made) for path, state in json.loads(bytes(sections["rules"]))},
        walk_is_known=walk_is_known,
    )


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
) -> int:
    """Write an index atomically; the bytes written. One writer at a time: a second one waits. Raises OSError."""
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
    with _writer_lock(path + ".lock"):
        write_atomic(path, data)
    return len(data)


@contextlib.contextmanager
def _writer_lock(path: str) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _young(times_ns: np.ndarray, made_ns: int) -> np.ndarray:
    """Which times are so close to the scan that a later write could repeat them."""
    slack = np.where(times_ns % 1_000_000_000 == 0, COARSE_SLACK_NS, FINE_SLACK_NS)
    return times_ns >= made_ns - slack


def _rule_state(state: list[int] | None, made_ns: int) -> RuleState | None:
    """The remembered state of an ignore file; a young one equals nothing."""
    if state is None:
        return None
    found = RuleState(*state)
    young = _young(np.array([found.mtime_ns, found.ctime_ns]), made_ns)
    return found._replace(size=UNKNOWN) if young.any() else found
