"""Contexts of a proof: in a directory of their own, under the options of the phase, and gone when it is over."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from itertools import groupby, islice
from typing import TYPE_CHECKING, Final

from blake3 import blake3

from exosuit_cli.context.context import Context
from exosuit_cli.context.database import connect, database_file, writer_lock
from exosuit_cli.context.requests import SourceRequest
from exosuit_cli.index.path import index_path
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.model.errors import ExosuitError, OutputError, UsageError
from exosuit_cli.read.wide import MARK_BYTES, wide_codec
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.context.records import LoadResult, StoredChunk
    from exosuit_cli.ingest.progress import ProgressCallback

_ID_BYTES: Final = 16
_PAUSE_SECONDS: Final = 0.02
_MARK: Final = "\ufeff"
_PREFIX: Final = "phase-proof-"


@dataclass(frozen=True, slots=True)
class Scratch:
    """A private directory with trees and contexts, and how its trees are loaded: the limit of the phase in tokens."""

    directory: str
    limit: int
    chunking: ChunkOptions
    options: ScanOptions

    def tree(self, name: str) -> str:
        """The path of a tree in this directory."""
        return os.path.join(self.directory, name)

    def open(self, name: str, *, create: bool = False) -> Context:
        """Open a context of this directory; with `create`, an empty one."""
        path = os.path.join(self.directory, name + ".db")
        status = database_file(path, name, create=create)
        return Context(name, path, status, connect(path, name, create=create), read_only=False)

    def load(self, context: Context, trees: Sequence[str], progress: ProgressCallback | None = None) -> LoadResult:
        """Load trees of this directory, under the limit."""
        requests = [
            SourceRequest(os.fsencode(os.path.realpath(self.tree(tree))), self.chunking, self.options, name=tree)
            for tree in trees
        ]
        return context.load(requests, limit=self.limit, progress=progress)

    def wait_for_writer(self, name: str, seconds: float) -> None:
        """Wait until no process holds a context as its writer. Raises UsageError where one does for longer."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                with writer_lock(os.path.join(self.directory, name + ".db"), name):
                    return
            except UsageError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_SECONDS)

    def drop(self, name: str) -> None:
        """Delete a context."""
        for suffix in ("", "-wal", "-shm", ".lock"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.directory, name + ".db" + suffix))


@contextlib.contextmanager
def scratch_directory(above: str) -> Iterator[str]:
    """A new, empty directory below `above`, removed at the end; what killed proofs left there is removed first.

    One proof at a time: the caller holds the lock of phases. Each has a directory of its own, so that a writer that
    outlives a killed proof for a moment meets no other. Raises OutputError.
    """
    try:
        for name in os.listdir(above):
            if name.startswith(_PREFIX):
                _remove(os.path.join(above, name))
        path = tempfile.mkdtemp(prefix=_PREFIX, dir=above)
    except OSError as error:
        raise OutputError(f"{above!r}: cannot be written: {error.strerror}; the phase is as it was") from error
    try:
        yield path
    finally:
        _remove(path)


def _remove(directory: str) -> None:
    """Remove a scratch directory, and the index of every tree in it, which loads have written elsewhere."""
    with contextlib.suppress(OSError, ExosuitError):
        for entry in os.scandir(directory):
            if entry.is_dir(follow_symlinks=False):
                for encoding in ENCODINGS:
                    path = index_path(resolve_roots([os.path.realpath(entry.path)]), "blake3", encoding)
                    for each in (path, path + ".lock"):
                        with contextlib.suppress(FileNotFoundError):
                            os.unlink(each)
    shutil.rmtree(directory, ignore_errors=True)


def contents_of(context: Context) -> str:
    """A digest of all that a context says of its files: every path, every place of a chunk and its id, in order."""
    digest = hashlib.blake2b(digest_size=16)
    for chunk in context.iterate():
        place = f"{chunk.start_byte} {chunk.end_byte} {chunk.text is not None}\n"
        digest.update(b"%d %s %s %s" % (len(chunk.path), chunk.path, chunk.id, place.encode()))
    return digest.hexdigest()


def count_sound(tree: str, chunks: Iterator[StoredChunk]) -> tuple[int, int]:
    """How many chunks there are, and how many have the text of their id and that of their place in the tree."""
    count = sound = 0
    for path, of_file in groupby(chunks, key=lambda chunk: chunk.path):
        with open(os.path.join(os.fsencode(tree), path), "rb") as file:
            whole = file.read()
        codec = wide_codec(whole[:MARK_BYTES])
        for chunk in of_file:
            count += 1
            part = whole[chunk.start_byte : chunk.end_byte]
            if codec is not None:  # a chunk is UTF-8, and has no mark
                part = part.decode(codec, "replace").removeprefix(_MARK).encode()
            sound += chunk.text == part and is_sound(chunk.id, part)
    return count, sound


def is_sound(key: bytes, text: bytes) -> bool:
    """Whether a text has the digest that its key says."""
    return blake3(text).digest(_ID_BYTES) == key


def in_parts(chunks: Iterator[StoredChunk], size: int) -> Iterator[list[StoredChunk]]:
    """Chunks in lists of at most `size`."""
    while part := list(islice(chunks, size)):
        yield part
