"""Archives unpacked into a folder: tar, plain or compressed, and zip, which wheels are, too."""

from __future__ import annotations

import os
import stat
import struct
import tarfile
import zipfile
import zlib
from lzma import LZMAError
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from exosuit_cli.remote.inflate import COMPRESSIONS, ForwardReader
from exosuit_cli.remote.limits import SourceRefused
from exosuit_cli.remote.writer import PART, FolderWriter
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.remote.limits import Limits
    from exosuit_cli.remote.writer import Readable

SUFFIXES: Final = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2", ".tar", ".zip", ".whl")
_ZIP: Final = b"PK"
_END: Final = struct.Struct("<4s4H2LH")
_END_64: Final = struct.Struct("<4sQ2H2L4Q")
_LOCATOR: Final = struct.Struct("<4sLQL")
_LEAST_ENTRY: Final = 46
"""Bytes of an entry in the directory of a zip."""
_ENCRYPTED: Final = 1
_UNIX: Final = 3


def is_archive(name: str) -> bool:
    """Whether a name is that of an archive."""
    return name.lower().endswith(SUFFIXES)


def unpack(path: str, folder: str, limits: Limits) -> FolderWriter:
    """Unpack the archive at `path` into the empty `folder`; what was left out. By its first bytes it is tar or zip.

    Only regular files are written; of their modes the owner's execute bit is kept, which is in the digest of a tree.
    Raises SourceRefused: damaged, encrypted, over a limit, or with a name that would leave the folder; OSError.
    """
    with open(path, "rb") as file:
        writer = FolderWriter(folder, limits, os.fstat(file.fileno()).st_size)
        start = file.read(2)
        file.seek(0)
        try:
            if start == _ZIP or _is_zip_behind(file):
                _unpack_zip(file, writer, limits)
            else:
                _unpack_tar(file, writer, limits)
        except UnicodeDecodeError as error:
            raise SourceRefused("it has a name that is not in UTF-8, as it says it were") from error
        except (tarfile.TarError, zipfile.BadZipFile, zlib.error, LZMAError, EOFError, struct.error) as error:
            raise SourceRefused(f"it is damaged, or no archive: {error}") from error
        except (NotImplementedError, RecursionError, ValueError) as error:
            raise SourceRefused(f"it cannot be unpacked: {error}") from error
    return writer


def _is_zip_behind(file: BinaryIO) -> bool:
    """Whether a file is a zip behind a program that unpacks it. A tar may have a zip at its end, too."""
    head = file.read(tarfile.BLOCKSIZE)
    is_tar = head[257:262] == b"ustar" or head.startswith(tuple(COMPRESSIONS))
    found = not is_tar and zipfile.is_zipfile(file)
    file.seek(0)
    return found


def _unpack_tar(file: BinaryIO, writer: FolderWriter, limits: Limits) -> None:
    # Headers count like files: a stream of nothing but headers ends, too.
    stream = ForwardReader(file, _HeaderCount(limits, os.fstat(file.fileno()).st_size))
    with tarfile.TarFile(fileobj=cast("BinaryIO", stream), errorlevel=1) as archive:
        for member in archive:
            archive.members = []  # type: ignore[attr-defined]  # else it keeps all of them
            name = os.fsencode(member.name)
            if member.isreg():
                content = archive.extractfile(member)
                assert content is not None, "it is a regular file"
                writer.file(name, cast("Readable", content), is_executable=bool(member.mode & stat.S_IXUSR))
            elif member.isdir():
                writer.directory(name)
            elif member.issym() or member.islnk():
                writer.link(name)
            else:
                writer.other(name)
    # tarfile takes a header that it cannot read for the end.
    if any(stream.last) and len(stream.last) <= tarfile.BLOCKSIZE:
        raise SourceRefused("it is damaged, or cut off")
    while stream.read(PART):
        pass  # the checksum of a compressed stream is at its end


class _HeaderCount:
    """Counts what comes out of a compressed stream, headers included."""

    def __init__(self, limits: Limits, packed: int) -> None:
        self._limits = limits
        self._packed = packed
        self._bytes = 0

    def __call__(self, size: int) -> None:
        self._bytes += size
        self._limits.check(0, self._bytes, self._packed)


def _unpack_zip(file: BinaryIO, writer: FolderWriter, limits: Limits) -> None:
    entries, size = _zip_directory(file)
    limits.check(max(entries, size // 1_000), 0, 1)  # before zipfile holds all of them in memory
    if size < entries * _LEAST_ENTRY:
        raise SourceRefused("it is damaged: its directory is shorter than its entries")
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            name = os.fsencode(entry.orig_filename)
            kind = stat.S_IFMT(entry.external_attr >> 16)
            if entry.is_dir():
                writer.directory(name)
            elif kind == stat.S_IFLNK:
                writer.link(name)
            elif kind not in (0, stat.S_IFREG):
                writer.other(name)
            elif entry.flag_bits & _ENCRYPTED:
                raise SourceRefused(f"it is encrypted: {display_name(name)!r}")
            else:
                with archive.open(entry) as content:
                    mode = entry.external_attr >> 16 if entry.create_system == _UNIX else 0
                    writer.file(name, cast("Readable", content), is_executable=bool(mode & stat.S_IXUSR))


def _zip_directory(file: BinaryIO) -> tuple[int, int]:
    """How many entries the directory of a zip has, and its bytes, as it says at its end."""
    length = file.seek(0, os.SEEK_END)
    start = max(length - (1 << 16) - _END.size, 0)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or at + _END.size > len(tail):
        raise SourceRefused("it is cut off, or no zip: it has no directory")
    _, _, _, _, entries, size, _, _ = _END.unpack_from(tail, at)
    locator = at - _LOCATOR.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\6\7":
        file.seek(min(_LOCATOR.unpack_from(tail, locator)[2], length))
        record = file.read(_END_64.size)
        if len(record) == _END_64.size and record[:4] == b"PK\6\6":
            _, _, _, _, _, _, _, entries, size, _ = _END_64.unpack(record)
    file.seek(0)
    return entries, size
