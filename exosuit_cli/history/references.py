"""The revisions that people name: HEAD, branches, tags, names of commits, and `~` and `^` behind them.

Specifications: gitrevisions(7), gitrepository-layout(5). No reference is read through a link.
"""

from __future__ import annotations

import difflib
import os
import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import HistoryError
from exosuit_cli.walk.git_files import LARGEST_POINTER, read_file, shown_path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.history.repository import History

_LARGEST_PACKED: Final = 64 << 20
_MOST_LINKS: Final = 5
_MOST_NAMES: Final = 20_000
_NEAR_NAMES: Final = 3
_MOST_STEPS: Final = 100_000
_LARGEST_TAG: Final = 1 << 20
_PLACES: Final = ("{}", "refs/{}", "refs/tags/{}", "refs/heads/{}", "refs/remotes/{}", "refs/remotes/{}/HEAD")
_REVISION: Final = re.compile(r"(.*?)((?:~\d*|\^\d*|\^\{(?:commit)?\})*)", re.DOTALL)
_STEP: Final = re.compile(r"([~^])(\d*)(\{\w*\})?")
_HEX: Final = re.compile(r"[0-9a-f]{4,40}")
_OWN: Final = re.compile(r"[A-Z_]+")
"""Names that lie in the git directory itself, such as HEAD."""


def resolve(history: History, revision: str) -> bytes:
    """The name of the commit that a revision means. Raises HistoryError: unknown, ambiguous, or no commit."""
    matched = _REVISION.fullmatch(revision)
    assert matched is not None, "the expression matches every text"
    base, steps = matched[1] or "HEAD", matched[2]
    if matched[1] == "@":
        base = "HEAD"
    if not revision or (not matched[1] and not steps):
        raise HistoryError("a revision is needed: a branch, a tag, HEAD~3 or the name of a commit")
    name = _named(history, base)
    if name is None:
        raise HistoryError(_unknown(history, revision, base))
    name = _peeled(history, name, revision)
    for kind, number, braces in _STEP.findall(steps):
        if braces:
            continue
        count = int(number[:9]) if number else 1
        for _ in range(min(count, _MOST_STEPS) if kind == "~" else min(count, 1)):
            parents = history.objects.commit(name).parents
            wanted = 0 if kind == "~" else count - 1
            if wanted >= len(parents) or not history.objects.has(parents[wanted]):
                shallow = os.path.lexists(os.path.join(history.common, b"shallow"))
                why = (
                    "the clone is shallow: `git fetch --unshallow` brings the rest"
                    if shallow
                    else "it has no such parent"
                )
                raise HistoryError(f"revision {revision!r} leads before commit {name.hex()[:12]}: {why}")
            name = parents[wanted]
    return name


def head(history: History) -> bytes | None:
    """The commit that HEAD names; None where there is none yet. Raises HistoryError."""
    return _reference(history, "HEAD")


def branch_of(history: History) -> str | None:
    """The branch that HEAD is on; None where it names a commit itself."""
    text = _read(history, "HEAD")
    return text.removeprefix("ref: refs/heads/") if text is not None and text.startswith("ref: refs/heads/") else None


def names(history: History) -> list[str]:
    """Branches and tags by their short names, sorted, up to some bound."""
    found = set()
    for name in islice(_all_references(history), _MOST_NAMES):
        for prefix in ("refs/heads/", "refs/tags/", "refs/remotes/"):
            if name.startswith(prefix):
                found.add(name.removeprefix(prefix))
    return sorted(found)


def _named(history: History, base: str) -> bytes | None:
    """The object that a name without steps means."""
    if "\0" not in base:
        for place in _PLACES:
            if place == "{}" and not (base.startswith("refs/") or _OWN.fullmatch(base)):
                continue
            found = _reference(history, place.format(base))
            if found is not None:
                return found
    digits = base.lower()
    if _HEX.fullmatch(digits):
        return history.objects.with_prefix(digits)
    described = re.fullmatch(r".*-\d+-g([0-9a-f]{4,40})", digits)  # as `git describe` prints it
    return history.objects.with_prefix(described[1]) if described else None


def _peeled(history: History, name: bytes, revision: str) -> bytes:
    """The commit that an object is, or that a tag leads to."""
    for _ in range(_MOST_LINKS):
        kind = history.objects.kind(name)
        if kind == "commit":
            return name
        if kind != "tag":
            raise HistoryError(f"revision {revision!r} is a {kind}, no commit")
        tag = re.match(rb"object ([0-9a-f]{40})\n", history.objects.read(name, "tag", _LARGEST_TAG))
        if tag is None:
            break
        name = bytes.fromhex(tag[1].decode())
    raise HistoryError(f"revision {revision!r} is a tag that leads to no commit")


def _reference(history: History, name: str) -> bytes | None:
    """The object that a reference names, through symbolic references."""
    for _ in range(_MOST_LINKS):
        text = _read(history, name)
        if text is None:
            text = _packed(history).get(name)
        if text is None:
            return None
        if text.startswith("ref: refs/") and _is_sound(text[5:]):
            name = text[5:]
            if name == "refs/heads/.invalid":
                raise HistoryError("the repository keeps its references as reftable, which is not supported")
            continue
        if re.fullmatch(r"[0-9a-f]{64}", text):
            raise HistoryError("the repository names its objects by SHA-256, which is not supported")
        return bytes.fromhex(text) if re.fullmatch(r"[0-9a-f]{40}", text) else None
    return None


def _is_sound(name: str) -> bool:
    """Whether a name stays below the git directory."""
    return not any(part in ("", ".", "..") or part.endswith(".lock") for part in name.split("/")) and "\0" not in name


def _read(history: History, name: str) -> str | None:
    """The text of a reference that has a file of its own."""
    if not _is_sound(name):
        return None
    folder = history.directory if _OWN.fullmatch(name) or name.startswith("refs/worktree/") else history.common
    path = folder
    for part in os.fsencode(name).split(b"/")[:-1]:
        path = os.path.join(path, part)
        if os.path.islink(path):
            return None
    try:
        text = read_file(os.path.join(folder, os.fsencode(name)), follow=False, largest=LARGEST_POINTER)
    except OSError:
        return None  # a folder of that name, a link
    return None if text is None else os.fsdecode(text.split(b"\n", 1)[0].rstrip(b"\r\t ").split(b"\t", 1)[0])


def _packed(history: History) -> dict[str, str]:
    """The references of the file packed-refs."""
    path = os.path.join(history.common, b"packed-refs")
    try:
        text = read_file(path, follow=False, largest=_LARGEST_PACKED)
    except OSError as error:
        raise HistoryError(f"cannot read {shown_path(path)!r}: {error.strerror}") from error
    found = {}
    for line in (text or b"").split(b"\n"):
        name, _, reference = line.partition(b" ")
        if len(name) in (40, 64) and reference:
            found[os.fsdecode(reference.rstrip(b"\r"))] = os.fsdecode(name)
    return found


def _all_references(history: History) -> Iterator[str]:
    yield from _packed(history)
    waiting = [b"refs"]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(os.path.join(history.common, folder)) as entries:
                for entry in islice(entries, _MOST_NAMES):
                    path = folder + b"/" + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield os.fsdecode(path)
        except OSError:
            continue


def _unknown(history: History, revision: str, base: str) -> str:
    """What to say of a revision that nothing is called."""
    if base == "HEAD":
        return f"revision {revision!r} is not known: the repository has no commit yet"
    known = names(history)
    near = difflib.get_close_matches(base, known, _NEAR_NAMES, 0.5)
    near += [name for name in known if base and base in name and name not in near][: _NEAR_NAMES - len(near)]
    said = f"; there is {', '.join(repr(name) for name in near)}" if near else ""
    if not near:
        branch = branch_of(history)
        said = f"; HEAD is on branch {branch!r}" if branch is not None else ""
    return f"revision {revision!r} is not known in the repository {shown_path(history.common)!r}{said}"
