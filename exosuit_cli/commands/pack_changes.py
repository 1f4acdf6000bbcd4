"""What `--since` and `--diff` ask of a repository, before anything is packed."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import CheckFailed
from exosuit_cli.system.names import display_name
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.commands.pack_request import PackRequest
    from exosuit_cli.history import Changes, FileChange

HEAD = "HEAD"


def changes_of(request: PackRequest) -> tuple[str, Changes] | None:
    """The directory that paths are relative to, and what has changed below the paths; None where it is not asked for.

    Raises NoRepository, HistoryError; CheckFailed for secrets in what has changed, where they are refused.
    """
    if request.since is None and not request.diff:
        return None
    from exosuit_cli.history import changed_since

    base, roots, _ = resolve_roots(request.paths)
    # A budget is spent around what changed: where that is has to be known even where it is not shown.
    with_places = request.diff or bool(request.packing.budget and request.packing.query is None)
    refuses = request.diff and request.packing.secrets == "fail"
    changes = changed_since(
        base,
        request.since if request.since is not None else HEAD,
        request.options.walk,
        roots=roots,
        with_hunks=with_places,
        rewrite=None if request.packing.secrets == "ignore" else _without_secrets(refuses),
    )
    if with_places and not request.diff:
        changes = replace(changes, files=tuple(map(_with_places_alone, changes.files)))
    return os.fsdecode(base), changes


def _with_places_alone(change: FileChange) -> FileChange:
    """The change with where it is, and without its hunks."""
    from exosuit_cli.history import Hunks

    return replace(change, hunks=Hunks(places=change.hunks.places))


def _without_secrets(refuses: bool) -> Callable[[bytes, bytes], bytes]:
    """What makes of a text, with its path, the one that is compared: secrets are replaced on both sides, or refused."""
    from exosuit_cli.pack.secrets import redacted
    from exosuit_cli.tokens.text import to_utf8

    def rewrite(text: bytes, path: bytes) -> bytes:
        found, secrets = redacted(to_utf8(text), path)
        if secrets and refuses:
            first = secrets[0]
            place = f"{display_name(path)}:{first.line} ({first.kind})"
            raise CheckFailed(f"nothing is packed: a changed file has a secret, now or in the commit: {place}")
        return found if secrets else text

    return rewrite
