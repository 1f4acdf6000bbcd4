"""Where git keeps the ignore rules that are in no .gitignore file: the user's list and the repository's own.

The specifications are git-config(1), gitignore(5) and gitrepository-layout(5). Of a repository only info/exclude is
read, never its configuration.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from exosuit_cli.system.safe_open import FILE_FLAGS, FOLLOWED_FILE_FLAGS
from exosuit_cli.walk.rule_set import BadLine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes. Like git, the walk ignores a larger file of patterns."""

VARIABLES: Final = (
    "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL",
    "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
"""The environment variables that decide which rules from outside a tree apply in it."""

_SYSTEM_CONFIG: Final = b"/etc/gitconfig"
_MOST_INCLUDES: Final = 10
_BLANK: Final = re.compile(rb"(?:[ \t\r\n]|[#;][^\n]*)*+")
_SECTION: Final = re.compile(rb'\[([-.A-Za-z0-9]+)([ \t]+"(?:[^"\\\n]|\\[^\n])*+")?\]')
_NAME: Final = re.compile(rb"([A-Za-z][-A-Za-z0-9]*)[ \t]*(=|(?=\n|\Z))")
_VALUE: Final = re.compile(rb'((?:[^"\\#;\n]|\\[\n"\\ntb]|"(?:[^"\\\n]|\\[\n"\\ntb])*+")*+)(?:[#;][^\n]*)?(?=\n|\Z)')
_VALUE_PART: Final = re.compile(rb'[ \t\r]+|\\.|"|[^ \t\r\\"]+', re.DOTALL)
_ESCAPES: Final = {b"\\\n": b"", b"\\n": b"\n", b"\\t": b"\t", b"\\b": b"\b"}


def read_file(path: bytes, *, directory: int | None = None, follow: bool = True) -> bytes | None:
    """Return the whole of a regular file, or None when it does not exist. Never blocks and is bounded.

    `path` is relative to the open directory `directory`. Raises OSError: unreadable, not a regular file, larger than
    LARGEST_FILE, or a symbolic link without `follow`.
    """
    if path == b"/dev/null":
        return b""
    if b"\0" in path:
        raise OSError(errno.EINVAL, "a name with a NUL byte")
    try:
        descriptor = os.open(path, FOLLOWED_FILE_FLAGS if follow else FILE_FLAGS, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise OSError(errno.ELOOP, "a symbolic link, which git does not follow here either") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        parts: list[bytes] = []
        size = 0
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > LARGEST_FILE:
                raise OSError(errno.EFBIG, f"larger than {LARGEST_FILE} bytes")
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def shown_path(path: bytes) -> str:
    """Return the path for a person to read; bytes that are not UTF-8 are escaped."""
    return path.decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Lookup:
    """The files that a look for rules consulted, and its problems."""

    sources: list[bytes] = field(default_factory=list)
    problems: list[BadLine] = field(default_factory=list)

    def read(self, path: bytes) -> bytes | None:
        """Return the content of `path` and remember the path; an unreadable file is a problem."""
        self.sources.append(path)
        try:
            return read_file(path)
        except OSError as error:
            self.report(path, 0, b"", f"not applied: {error.strerror}")
            return None

    def report(self, path: bytes, line: int, text: bytes, why: str) -> None:
        """Remember a problem."""
        self.problems.append(BadLine(shown_path(path), line, text, why))


def user_excludes(lookup: Lookup, environ: Mapping[str, str]) -> bytes | None:
    """Name the user's own list of patterns: `core.excludesFile`, else $XDG_CONFIG_HOME/git/ignore; None without HOME.

    The configuration is the system's and the user's, in git's order, with `include.path` but no `includeIf`. The name
    may be relative: git takes it from the top of the work tree. Empty means that the user wants none.
    """
    home = os.fsencode(environ.get("HOME", ""))
    xdg = os.fsencode(environ.get("XDG_CONFIG_HOME", "")) or (home and home + b"/.config")
    files: list[bytes] = []
    if environ.get("GIT_CONFIG_NOSYSTEM", "").lower() in ("", "0", "false", "no", "off"):
        files.append(os.fsencode(environ.get("GIT_CONFIG_SYSTEM", "")) or _SYSTEM_CONFIG)
    if "GIT_CONFIG_GLOBAL" in environ:
        files.append(os.fsencode(environ["GIT_CONFIG_GLOBAL"]))
    else:
        files += [xdg + b"/git/config"] if xdg else []
        files += [home + b"/.gitconfig"] if home else []
    chosen: bytes | None = None
    for path in files:
        found = _excludes_file((path,), home, lookup) if path else None
        chosen = chosen if found is None else found
    if chosen is None and xdg:
        return xdg + b"/git/ignore"
    return chosen


def _excludes_file(chain: tuple[bytes, ...], home: bytes, lookup: Lookup) -> bytes | None:
    """Return the last `core.excludesFile` of the last file in `chain`, which the ones before it include."""
    path = chain[-1]
    chosen: bytes | None = None
    for line, name, value in _variables(lookup.read(path) or b""):
        if name not in (b"", b"core.excludesfile", b"include.path"):
            continue
        named = None if value is None else _expand_user(value, home)
        if named is None:
            lookup.report(path, line, value or b"", "this line of git's configuration cannot be read")
        elif name == b"core.excludesfile":
            chosen = named
        else:
            included = os.path.join(os.path.dirname(path), named)
            if included in chain or len(chain) > _MOST_INCLUDES:
                lookup.report(path, line, named, "it includes a file that includes it, or is nested too deep")
                continue
            found = _excludes_file((*chain, included), home, lookup)
            chosen = chosen if found is None else found
    return chosen


def _variables(text: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield (line, lower-case name, value or None) of each variable; an empty name is where the syntax ends."""
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    section = b""
    at = _end(_BLANK.match(text))
    while at < len(text):
        line = text.count(b"\n", 0, at) + 1
        header = _SECTION.match(text, at)
        if header:
            section = header[1].lower() + (header[2] or b"") + b"."
            at = header.end()
        else:
            name = _NAME.match(text, at)
            value = _VALUE.match(text, name.end()) if name and name[2] else None
            if name is None or (name[2] and value is None):
                yield line, b"", None
                return
            yield line, section + name[1].lower(), _unquote(value[1]) if value else None
            at = value.end() if value else name.end()
        at = _end(_BLANK.match(text, at))


def _end(found: re.Match[bytes] | None) -> int:
    assert found is not None, "the expression matches the empty string"
    return found.end()


def _unquote(raw: bytes) -> bytes:
    """Return a value without quotes, escapes and the white space around it."""
    value, space, quoted = b"", 0, False
    for part in _VALUE_PART.findall(raw):
        if part == b'"':
            quoted = not quoted
        elif part.strip(b" \t\r") or quoted:
            value += b" " * space + _ESCAPES.get(part, part[1:] if part[:1] == b"\\" else part)
            space = 0
        elif value:
            space = len(part)
    return value


def _expand_user(path: bytes, home: bytes) -> bytes | None:
    """Return `~/x` or `~user/x` as a path; None when there is no such home."""
    if path[:1] != b"~":
        return path
    user, slash, rest = path[1:].partition(b"/")
    try:
        directory = os.fsencode(pwd.getpwnam(os.fsdecode(user)).pw_dir) if user else home
    except KeyError:
        return None
    return directory + slash + rest if directory else None


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree's top directory, and the repository's list of patterns if it has a place for one."""

    top: bytes
    exclude: bytes | None


def enclosing_repository(directory: bytes, lookup: Lookup, environ: Mapping[str, str]) -> Repository | None:
    """Find the nearest directory, from `directory` (absolute, without links) upwards, that holds `.git`.

    As git does, the search ends at the border of a file system and at GIT_CEILING_DIRECTORIES.
    """
    ceilings = {os.fsencode(path) for path in environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if path}
    try:
        device = os.stat(directory).st_dev
        while True:
            marker = os.path.join(directory, b".git")
            try:
                kind = stat.S_IFMT(os.stat(marker).st_mode)
            except (FileNotFoundError, NotADirectoryError):
                lookup.sources.append(marker)
            else:
                if kind == stat.S_IFDIR:
                    return Repository(directory, os.path.join(marker, b"info/exclude"))
                return Repository(directory, _linked_exclude(marker, lookup))
            parent = os.path.dirname(directory)
            if parent in (directory, *ceilings) or os.stat(parent).st_dev != device:
                return None
            directory = parent
    except OSError as error:
        lookup.report(directory, 0, b"", f"no ignore rules from above: {error.strerror}")
        return None


def _linked_exclude(marker: bytes, lookup: Lookup) -> bytes | None:
    """Name the list of patterns that a `.git` file leads to: a work tree's or a submodule's."""
    text = lookup.read(marker) or b""
    if not text.startswith(b"gitdir: ") or b"\0" in text:
        lookup.report(marker, 1, text[:100], "it names no git directory")
        return None
    directory = os.path.join(os.path.dirname(marker), text.removeprefix(b"gitdir: ").rstrip(b"\r\n"))
    common = lookup.read(os.path.join(directory, b"commondir"))
    if common is not None and b"\0" not in common:
        directory = os.path.join(directory, common.rstrip(b"\r\n"))
    return os.path.join(os.path.realpath(directory), b"info/exclude")
