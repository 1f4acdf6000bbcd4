"""The user's own list of ignore patterns, as git's configuration outside of repositories names it.

The specification is git-config(1).
"""

from __future__ import annotations

import os
import pwd
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.lazy import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from exosuit_cli.walk.git_files import Lookup

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
_BLANK: Final = lazy_pattern(rb"(?>(?:[ \t\r\n]|[#;][^\n]*)*)")
_SECTION: Final = lazy_pattern(rb'\[([-.A-Za-z0-9]+)([ \t]+"(?>(?:[^"\\\n]|\\[^\n])*)")?\]')
_NAME: Final = lazy_pattern(rb"([A-Za-z][-A-Za-z0-9]*)[ \t]*(=|(?=\n|\Z))")
_VALUE: Final = lazy_pattern(
    rb'((?>(?:[^"\\#;\n]|\\[\n"\\ntb]|"(?>(?:[^"\\\n]|\\[\n"\\ntb])*)")*))' rb"(?:[#;][^\n]*)?(?=\n|\Z)"
)
_VALUE_PART: Final = lazy_pattern(rb'[ \t\r]+|\\.|"|[^ \t\r\\"]+', re.DOTALL)
_ESCAPES: Final = {b"\\\n": b"", b"\\n": b"\n", b"\\t": b"\t", b"\\b": b"\b"}


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
