"""Where git keeps the ignore rules that are in no .gitignore file: the user's list and the repository's own.

The specifications are git-config(1), gitignore(5) and gitrepository-layout(5). Of a repository only info/exclude is
read, never its configuration.

The tree that is scanned may be hostile: it can make `.git`, `commondir` or `info/exclude` name any file of the machine.
So nothing of them is read through a symbolic link, a `.git` file leads only to a git directory, sizes are bounded,
and no problem quotes what was read: it names the path.
"""

from __future__ import annotations

import errno
import os
import pwd
import re
import stat
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.system.safe_open import FILE_FLAGS, FOLLOWED_FILE_FLAGS
from exosuit_cli.walk.rule_set import BadLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes. Like git, the walk ignores a larger file of patterns."""
LARGEST_CONFIG: Final = 1 << 20
"""Bytes of all configuration files that are read for one walk; git has no limit, and real ones have some kilobytes."""
LARGEST_POINTER: Final = 8192
"""Bytes of a `.git` or `commondir` file, which hold one path."""

VARIABLES: Final = (
    "HOME", "XDG_CONFIG_HOME", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_GLOBAL",
    "GIT_CEILING_DIRECTORIES",
)  # fmt: skip
"""The environment variables that decide which rules from outside a tree apply in it, beside those that are numbered."""
COUNT_VARIABLE: Final = "GIT_CONFIG_COUNT"
"""How many variables of git's configuration the environment holds: GIT_CONFIG_KEY_0, GIT_CONFIG_VALUE_0, and so on."""
MOST_NUMBERED: Final = 1000
"""The most of them that are read."""

_SYSTEM_CONFIG: Final = b"/etc/gitconfig"
_MOST_INCLUDES: Final = 10
_MOST_CONFIGS: Final = 100
"""Configuration files that are read for one walk, included ones counted each time."""
_HEAD: Final = lazy_pattern(rb"ref: refs/|[0-9a-f]{40}")
"""How the file HEAD of a git directory begins."""
_BLANK: Final = lazy_pattern(rb"(?>(?:[ \t\r\n]|[#;][^\n]*)*)")
_SECTION: Final = lazy_pattern(rb'\[([-.A-Za-z0-9]+)([ \t]+"(?>(?:[^"\\\n]|\\[^\n])*)")?\]')
_NAME: Final = lazy_pattern(rb"([A-Za-z][-A-Za-z0-9]*)[ \t]*(=|(?=\n|\Z))")
_VALUE: Final = lazy_pattern(
    rb'((?>(?:[^"\\#;\n]|\\[\n"\\ntb]|"(?>(?:[^"\\\n]|\\[\n"\\ntb])*)")*))' rb"(?:[#;][^\n]*)?(?=\n|\Z)"
)
_VALUE_PART: Final = lazy_pattern(rb'[ \t\r]+|\\.|"|[^ \t\r\\"]+', re.DOTALL)
_ESCAPES: Final = {b"\\\n": b"", b"\\n": b"\n", b"\\t": b"\t", b"\\b": b"\b"}


def read_file(
    path: bytes, *, directory: int | None = None, follow: bool = True, largest: int | None = None
) -> bytes | None:
    """Return the whole of a regular file, or None when it does not exist. Never blocks and is bounded.

    `path` is relative to the open directory `directory`. Raises OSError: unreadable, not a regular file, larger than
    `largest` bytes (by default LARGEST_FILE), or a symbolic link without `follow`.
    """
    largest = LARGEST_FILE if largest is None else largest
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
            raise OSError(errno.ELOOP, "a symbolic link, which is not followed here") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        parts: list[bytes] = []
        size = 0
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > largest:
                raise OSError(errno.EFBIG, f"larger than {largest} bytes")
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
    configs: int = 0
    """Configuration files read so far."""
    config_bytes: int = 0

    def read(self, path: bytes, *, follow: bool = True, largest: int | None = None) -> bytes | None:
        """Return the content of `path` and remember the path; an unreadable file is a problem."""
        self.sources.append(path)
        try:
            return read_file(path, follow=follow, largest=largest)
        except OSError as error:
            self.report(path, 0, f"not applied: {error.strerror}")
            return None

    def read_config(self, path: bytes) -> bytes:
        """Return the content of a configuration file, nothing where it is missing or there is too much in all."""
        text = self.read(path, largest=LARGEST_CONFIG) or b""
        self.config_bytes += len(text)
        if self.config_bytes > LARGEST_CONFIG:
            self.report(path, 0, f"not applied: over {LARGEST_CONFIG} bytes of configuration")
            return b""
        return text

    def report(self, path: bytes, line: int, why: str) -> None:
        """Remember a problem; nothing that was read is quoted."""
        self.problems.append(BadLine(shown_path(path), line, b"", why))


def user_excludes(lookup: Lookup, environ: Mapping[str, str]) -> bytes | None:
    """Name the user's own list of patterns: `core.excludesFile`, else $XDG_CONFIG_HOME/git/ignore; None without HOME.

    The configuration is the system's, the user's and that of GIT_CONFIG_COUNT, in git's order, with `include.path` but
    no `includeIf`. The name may be relative: git takes it from the top of the work tree. Empty means that the user
    wants none.
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
    found = _chosen_by(_numbered(environ, lookup), (), home, lookup)
    chosen = chosen if found is None else found
    if chosen is None and xdg:
        return xdg + b"/git/ignore"
    return chosen


def _excludes_file(chain: tuple[bytes, ...], home: bytes, lookup: Lookup) -> bytes | None:
    """Return the last `core.excludesFile` of the last file in `chain`, which the ones before it include."""
    lookup.configs += 1
    return _chosen_by(_variables(lookup.read_config(chain[-1])), chain, home, lookup)


def _chosen_by(
    variables: Iterable[tuple[int, bytes, bytes | None]], chain: tuple[bytes, ...], home: bytes, lookup: Lookup
) -> bytes | None:
    """Return the last `core.excludesFile` among the variables of the last file in `chain`; none: of the environment."""
    path = chain[-1] if chain else os.fsencode(COUNT_VARIABLE)
    chosen: bytes | None = None
    for line, name, value in variables:
        if name not in (b"", b"core.excludesfile", b"include.path"):
            continue
        named = None if value is None else _expand_user(value, home)
        if named is None:
            lookup.report(path, line, "this line of git's configuration cannot be read")
        elif name == b"core.excludesfile":
            chosen = named
        else:
            included = os.path.join(os.path.dirname(path), named)
            if not chain and not os.path.isabs(named):
                lookup.report(path, line, "an include from the environment must be an absolute path")
                continue
            if included in chain or len(chain) > _MOST_INCLUDES:
                lookup.report(path, line, "it includes a file that includes it, or is nested too deep")
                continue
            if lookup.configs >= _MOST_CONFIGS:
                lookup.report(path, line, f"not read, as all that follow: over {_MOST_CONFIGS} configuration files")
                return chosen
            found = _excludes_file((*chain, included), home, lookup)
            chosen = chosen if found is None else found
    return chosen


def numbered_variables(environ: Mapping[str, str]) -> list[str]:
    """The names of the numbered variables that are read, in git's order. Raises ValueError for a wrong count."""
    text = environ.get(COUNT_VARIABLE, "")
    if text and not (text.isascii() and text.isdigit() and int(text[:9]) <= MOST_NUMBERED):
        raise ValueError(f"it is no number up to {MOST_NUMBERED}")
    return [f"GIT_CONFIG_{part}_{number}" for number in range(int(text or 0)) for part in ("KEY", "VALUE")]


def deciding_variables(environ: Mapping[str, str]) -> list[str | None]:
    """The values of all variables that decide which rules from outside a tree apply in it."""
    try:
        numbered = numbered_variables(environ)
    except ValueError:
        numbered = []
    return [environ.get(name) for name in (*VARIABLES, COUNT_VARIABLE, *numbered)]


def _numbered(environ: Mapping[str, str], lookup: Lookup) -> Iterator[tuple[int, bytes, bytes | None]]:
    """The variables that the environment numbers, in the form of `_variables`; the line is 1 for number 0."""
    try:
        names = numbered_variables(environ)
    except ValueError as error:
        lookup.report(os.fsencode(COUNT_VARIABLE), 0, f"not applied: {error}")
        return
    for line, (name, value) in enumerate(zip(names[::2], names[1::2], strict=True), 1):
        if name not in environ or value not in environ:
            lookup.report(os.fsencode(COUNT_VARIABLE), 0, f"{name} or {value} is not set")
            return
        section, dot, key = environ[name].rpartition(".")
        outer, inner, subsection = section.partition(".")
        yield line, os.fsencode(outer.lower() + inner + subsection + dot + key.lower()), os.fsencode(environ[value])


def _variables(text: bytes) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Yield (line, lower-case name, value or None) of each variable; an empty name is where the syntax ends."""
    text = text.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")
    section = b""
    at = _end(_BLANK.match(text))
    line, counted = 1, 0
    while at < len(text):
        line += text.count(b"\n", counted, at)
        counted = at
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
            value += b" " * space  # white space before a quote is the value's, whatever is quoted
            quoted, space = not quoted, 0
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
    """A work tree's top directory, and where its repository lies, if that is a git directory.

    `directory` holds the index. `common` holds what linked work trees share, info/exclude among it; it is `directory`
    where there are none. `exclude` is the repository's list of patterns, if it has a place for one.
    """

    top: bytes
    exclude: bytes | None = None
    directory: bytes | None = None
    common: bytes | None = None


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
                kind = stat.S_IFMT(os.lstat(marker).st_mode)
            except (FileNotFoundError, NotADirectoryError):
                lookup.sources.append(marker)
            else:
                return repository_at(directory, kind, lookup)
            parent = os.path.dirname(directory)
            if parent in (directory, *ceilings) or os.stat(parent).st_dev != device:
                return None
            directory = parent
    except OSError as error:
        lookup.report(directory, 0, f"no ignore rules from above: {error.strerror}")
        return None


def repository_at(top: bytes, kind: int, lookup: Lookup) -> Repository:
    """The repository whose work tree is `top`, an absolute path; `kind` is the file type of its `.git`."""
    marker = os.path.join(top, b".git")
    if kind == stat.S_IFDIR:
        directory = common = marker
    elif kind == stat.S_IFREG:
        linked = _linked_directories(marker, lookup)
        if linked is None:
            return Repository(top)
        directory, common = linked
    else:
        lookup.report(marker, 0, "not applied: it is a symbolic link or no plain file, so info/exclude is not read")
        return Repository(top)
    info = os.path.join(common, b"info")
    if os.path.islink(info):
        lookup.report(info, 0, "not applied: it is a symbolic link, so info/exclude is not read")
        return Repository(top, None, directory, common)
    return Repository(top, os.path.join(info, b"exclude"), directory, common)


def is_git_directory(path: bytes, *, directory: int | None = None) -> bool:
    """Whether `path` has the file HEAD that git takes for the mark of a git directory."""
    try:
        head = read_file(os.path.join(path, b"HEAD"), directory=directory, follow=False, largest=LARGEST_POINTER)
    except OSError:
        return False
    return head is not None and _HEAD.match(head) is not None


def _linked_directories(marker: bytes, lookup: Lookup) -> tuple[bytes, bytes] | None:
    """The git directory that a `.git` file leads to, and the common one that it leads to in turn."""
    directory = _pointed_to(marker, b"gitdir: ", lookup)
    if directory is None:
        return None
    common = directory
    pointer = os.path.join(directory, b"commondir")
    if os.path.lexists(pointer):
        common = _pointed_to(pointer, b"", lookup) or directory
    else:
        lookup.sources.append(pointer)
    directory, common = os.path.realpath(directory), os.path.realpath(common)
    if is_git_directory(directory) and is_git_directory(common):
        return directory, common
    if os.path.lexists(directory):  # else its repository has moved: git has no rules for it either
        lookup.report(marker, 0, "not applied: what it names is no git directory")
    return None


def _pointed_to(file: bytes, prefix: bytes, lookup: Lookup) -> bytes | None:
    """The path that a file of git holds behind `prefix`, joined to the file's own directory."""
    text = lookup.read(file, follow=False, largest=LARGEST_POINTER)
    if text is None:
        return None
    path = text.removeprefix(prefix).rstrip(b"\r\n")
    if not text.startswith(prefix) or not path or b"\0" in path or b"\n" in path:
        lookup.report(file, 0, "not applied: it names no git directory")
        return None
    return os.path.join(os.path.dirname(file), path)
