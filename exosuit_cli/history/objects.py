"""Objects of a git repository by their names, each bounded in size. The format is gitformat-pack(5).

libgit2 finds and inflates them. It gets the two folders of a store only, so that it reads neither a configuration nor
`info/alternates`, which may name any folder of the machine.
"""

from __future__ import annotations

import os
import re
import stat
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk.git_files import shown_path

if TYPE_CHECKING:
    from collections.abc import Callable

ID_BYTES: Final = 20
LARGEST_COMMIT: Final = 1 << 20
LARGEST_TREE: Final = 64 << 20
"""Bytes; more than a million entries."""
_TREES_KEPT: Final = 2_000
_MOST_PACKS: Final = 100_000

_ENTRIES: Final = re.compile(rb"([0-7]{1,7}) ([^\0]+)\0(.{20})", re.DOTALL)
_DIRECTORY: Final = (b"40000", b"040000")
_LINK: Final = b"120000"
_REPOSITORY: Final = b"160000"


class HistoryError(UsageError):
    """A repository, a revision or an object that cannot be read."""


class ObjectMissing(HistoryError):
    """An object that the store does not have: it is shallow, partial or damaged."""


class TreeEntry(NamedTuple):
    """One name of a tree. `mode` is the octal text that git writes."""

    mode: bytes
    name: bytes
    id: bytes

    @property
    def is_directory(self) -> bool:
        """Whether it is a tree."""
        return self.mode in _DIRECTORY

    @property
    def is_link(self) -> bool:
        """Whether it is a symbolic link."""
        return self.mode == _LINK

    @property
    def is_repository(self) -> bool:
        """Whether it is the commit of a submodule."""
        return self.mode == _REPOSITORY


Entries = frozenset[tuple[bytes, bytes, bytes]]
"""The mode, the name and the id of each entry: plain tuples, since sets of them are compared by the thousand."""
NO_ENTRIES: Final[Entries] = frozenset()


@dataclass(frozen=True, slots=True)
class CommitObject:
    """A commit: the names of its tree and parents (20 bytes each), the committer's time in seconds, the message."""

    tree: bytes
    parents: tuple[bytes, ...]
    time: int
    message: bytes


class ObjectStore:
    """The objects below `directory`, the folder `objects` of a repository. Raises HistoryError."""

    def __init__(self, directory: bytes) -> None:
        import pygit2

        _refuse_links(directory)
        self._error = pygit2.GitError
        self._new_id: Callable[[bytes], pygit2.Oid] = lambda name: pygit2.Oid(raw=name)
        folder = os.fsdecode(directory)
        self._packs = pygit2.OdbBackendPack(folder)
        self._loose = pygit2.OdbBackendLoose(folder, -1, False)
        self._database = pygit2.Odb()
        self._database.add_backend(self._packs, 2)
        self._database.add_backend(self._loose, 1)
        self.tree = lru_cache(_TREES_KEPT)(self._tree)
        """The entries of a tree by its name; see `_tree`."""

    def read(self, name: bytes, kind: str, largest: int) -> bytes:
        """The content of an object of the kind `commit`, `tree`, `blob` or `tag`.

        Raises ObjectMissing, and HistoryError for one of another kind or of more than `largest` bytes.
        """
        try:
            of_kind, size = self._database.read_header(self._new_id(name))
            if of_kind.name.lower() == kind and size <= largest:
                return self._database.read(self._new_id(name))[1]
        except KeyError as error:
            raise ObjectMissing(f"object {name.hex()} is not in the repository, which is shallow or partial") from error
        except (self._error, ValueError, OSError) as error:
            raise HistoryError(f"object {name.hex()} cannot be read: the repository is damaged") from error
        if of_kind.name.lower() != kind:
            raise HistoryError(f"object {name.hex()} is no {kind}")
        raise HistoryError(f"object {name.hex()} has {size:,} bytes; the limit of a {kind} is {largest:,}")

    def has(self, name: bytes) -> bool:
        """Whether the store has the object."""
        return self._new_id(name) in self._database

    def size(self, name: bytes) -> int:
        """The bytes of an object. Raises ObjectMissing, HistoryError."""
        try:
            return self._database.read_header(self._new_id(name))[1]
        except KeyError as error:
            raise ObjectMissing(f"object {name.hex()} is not in the repository, which is shallow or partial") from error
        except (self._error, ValueError, OSError) as error:
            raise HistoryError(f"object {name.hex()} cannot be read: the repository is damaged") from error

    def kind(self, name: bytes) -> str:
        """What an object is. Raises ObjectMissing."""
        try:
            return self._database.read_header(self._new_id(name))[0].name.lower()
        except (KeyError, self._error) as error:
            raise ObjectMissing(f"object {name.hex()} is not in the repository") from error

    def with_prefix(self, digits: str) -> bytes | None:
        """The name of the one object that begins with these digits; None without one. Raises HistoryError for more."""
        found: set[bytes] = set()
        for backend in (self._packs, self._loose):
            try:
                found.add(bytes.fromhex(str(backend.exists_prefix(digits))))
            except KeyError:
                continue
            except (ValueError, self._error) as error:  # two of them
                raise HistoryError(f"revision {digits!r} is ambiguous: more than one object begins with it") from error
        if len(found) > 1:
            raise HistoryError(f"revision {digits!r} is ambiguous: more than one object begins with it")
        return found.pop() if found else None

    def commit(self, name: bytes) -> CommitObject:
        """A commit by its name. Raises HistoryError."""
        head, _, message = self.read(name, "commit", LARGEST_COMMIT).partition(b"\n\n")
        tree, parents, time = b"", [], 0
        for line in head.split(b"\n"):
            key, _, value = line.partition(b" ")
            try:
                if key == b"tree" and not tree:
                    tree = bytes.fromhex(value.decode("ascii"))
                elif key == b"parent":
                    parents.append(bytes.fromhex(value.decode("ascii")))
                elif key == b"committer":
                    time = int(value.rsplit(b" ", 2)[1])
            except (ValueError, IndexError):  # a time that is no number: libgit2 takes it for 0, too
                continue
        if len(tree) != ID_BYTES or any(len(parent) != ID_BYTES for parent in parents):
            raise HistoryError(f"commit {name.hex()} cannot be read: the repository is damaged")
        return CommitObject(tree, tuple(parents), time, message)

    def _tree(self, name: bytes) -> Entries:
        """The entries of a tree. Raises HistoryError."""
        return frozenset(_ENTRIES.findall(self.read(name, "tree", LARGEST_TREE)))


def _refuse_links(directory: bytes) -> None:
    """Raise HistoryError where the store is not below `directory` itself."""
    packs = os.path.join(directory, b"pack")
    for place in (directory, packs):
        try:
            if not stat.S_ISDIR(os.lstat(place).st_mode):
                raise HistoryError(f"{shown_path(place)!r} is a symbolic link or no folder: its history is not read")
            with os.scandir(place) as entries:
                for number, entry in enumerate(entries):
                    if entry.is_symlink() or number > _MOST_PACKS:
                        raise HistoryError(
                            f"{shown_path(entry.path)!r} is a symbolic link: the history behind it is not read"
                            if entry.is_symlink()
                            else f"{shown_path(place)!r} has more than {_MOST_PACKS:,} entries; run `git gc` there"
                        )
        except FileNotFoundError:
            if place == directory:
                raise HistoryError(f"{shown_path(place)!r} is not there: the history cannot be read") from None
        except OSError as error:
            raise HistoryError(f"cannot read {shown_path(place)!r}: {error.strerror}") from error
