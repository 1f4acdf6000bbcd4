"""What a load is asked for: which trees, how their files are selected and cut, and what each is called."""

from __future__ import annotations

import os
from dataclasses import field, replace
from typing import TYPE_CHECKING

from exosuit_cli.chunk.options import CUT_RULES, ChunkOptions
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.context.names import suggested_name, unused_name
from exosuit_cli.context.rows import read_meta
from exosuit_cli.index.keys import index_keys
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from exosuit_cli.context.records import Source
    from exosuit_cli.walk.roots import PathLike


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """A repository to load: how to select and to cut its files, and the given options as they are kept for next time.

    `root` is an absolute path without links, `name` what stands for it in the context.
    """

    root: bytes
    chunking: ChunkOptions
    options: ScanOptions
    given: Mapping[str, object] = field(default_factory=dict)
    name: str = ""

    def key(self) -> str:
        """What chunks and the choice of files depend on, besides the tree."""
        content, walk = index_keys(scan_options(self))
        return f"{content[:32]} {walk[:32]} {self.chunking} {CUT_RULES}"


def requests_of(
    sources: PathLike | SourceRequest | Sequence[PathLike | SourceRequest],
) -> dict[bytes, SourceRequest]:
    """What is asked for of each source, by its root. Raises UsageError where that is none."""
    several: Sequence[PathLike | SourceRequest]
    several = [sources] if isinstance(sources, (str, bytes, os.PathLike, SourceRequest)) else sources
    requests: dict[bytes, SourceRequest] = {}
    for each in several:
        request = each if isinstance(each, SourceRequest) else _default_request(each)
        requests[request.root] = request
    if not requests:
        raise UsageError("no PATH is given to load")
    return requests


def named_requests(
    context: str, asked: Mapping[bytes, SourceRequest], known: Sequence[Source], connection: sqlite3.Connection
) -> list[SourceRequest]:
    """What is asked for, each source with the name that it has or will have in the context.

    `known` are those that are there already. Raises UsageError for several encodings.
    """
    requests = dict(asked)
    encodings = {request.chunking.encoding for request in requests.values()}
    if any(each.root not in requests for each in known):
        encodings.add(str(read_meta(connection, "encoding")))
    if len(encodings) > 1:
        raise UsageError(
            f"the context {context!r} would have several encodings ({', '.join(sorted(encodings))}); "
            "load all of its sources with one"
        )
    names = {source.root: source.name for source in known}
    taken = set(names.values())
    for root, request in requests.items():
        name = names.get(root) or unused_name(request.name or suggested_name(root), taken)
        taken.add(name)
        requests[root] = replace(request, name=name)
    return list(requests.values())


def scan_options(request: SourceRequest) -> ScanOptions:
    """The options of the scan that finds what changed; a load that reads all of a tree has the same ones."""
    return replace(request.options, hash="blake3", encoding=request.chunking.encoding, use_index=True, verify=False)


def _default_request(path: PathLike) -> SourceRequest:
    root = os.path.realpath(os.fsencode(path))
    return SourceRequest(root, ChunkOptions(), ScanOptions())
