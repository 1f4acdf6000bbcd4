"""Work that starts before the command line is understood, because it will most probably be needed.

Importing what a scan needs takes longer than reading a small repository, and loading a vocabulary takes longer than
both. So a forked process loads the vocabulary while this process still imports. Where an index will probably make
that needless, one stats what the index knows instead; a command that counts in any case has both. A run takes over what
fits it. A wrong guess costs a process, never a wrong answer.

Nothing here imports numpy, typer or a tokenizer into this process.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.index.format import IndexUnusable, check_head, open_index
from exosuit_cli.index.path import index_path
from exosuit_cli.index.stat_table import StatTable
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.walk.roots import PathLike
    from exosuit_cli.workers.preload import Preload

_COMMANDS: Final = ("scan", "chunk", "pack", "pack --query", "context load", "query", "outline")
"""The commands that need any of this."""
_ENCLOSED: Final = ("query", "outline", "pack --query")
"""Those that may be about a part of a larger tree, whose index is meant then."""


_FEW_DIRECTORIES: Final = 8
"""Where something changed in no more of them, it may be so little that no vocabulary is loaded for it."""


class Ahead:
    """The processes that were forked ahead and that no run has taken over: at most one of each kind."""

    def __init__(self) -> None:
        self._preload: Preload | None = None
        self._table: StatTable | None = None
        self._indexed: tuple[str, bytes] | None = None
        """The index and the base that the table is filled for."""

    def begin(
        self,
        command: str,
        paths: Sequence[PathLike],
        *,
        hash: str,  # noqa: A002  (the name of the option)
        encoding: str | None,
        workers: int,
        use_index: bool,
        follow: bool,
        with_table: bool,
        counts: bool = False,
    ) -> None:
        """Start what this command will need. Called again, keep what still fits, and end what does not.

        `workers` of 0 means one a usable processor; `with_table` wants the table of tokens beside the vocabulary, which
        cutting chunks needs; `counts` wants a counter beside the index, too. What is wrong with an argument is for the
        command to report: then nothing is started.
        """
        indexed = None
        if command not in _COMMANDS:
            self.end()
            return
        if use_index:
            try:
                roots = resolve_roots(paths)
                path = index_path(roots, hash, encoding)
                while command in _ENCLOSED and not _is_index(path) and len(roots.base) > 1:
                    roots = resolve_roots([os.path.dirname(roots.base)])
                    path = index_path(roots, hash, encoding)
            except ExosuitError:
                self.end()
                return
            indexed = (path, roots.base) if _is_index(path) else None
        if indexed is not None:
            self._begin_table(indexed, follow=follow)
            if counts:
                self._begin_preload(encoding, 1, with_table=False)
            else:
                self._end_preload()
        else:
            self._end_table()
            self._begin_preload(encoding, workers or usable_processors(), with_table=with_table)

    def end(self) -> None:
        """End every process that was forked here and not taken over."""
        self._end_table()
        self._end_preload()

    def take_preload(self, encoding: str | None, workers: int, *, with_table: bool) -> Preload | None:
        """Hand over the process that loads this vocabulary, for up to so many workers; None if there is none."""
        preload = self._preload
        if preload is None or not _fits(preload, encoding, workers, with_table=with_table):
            return None
        self._preload = None
        return preload

    def take_table(self, seal: bytes, base: bytes) -> StatTable | None:
        """Hand over the table that is filled from the index with this checksum, for the tree below `base`, if any."""
        table = self._table
        if table is None or not table.is_for(seal, base):
            self._end_table()
            return None
        self._table = None
        return table

    def expects_changes(self, base: bytes) -> bool:
        """Whether much below `base` has probably changed since it was indexed, as far as is known by now."""
        return self._table is not None and self._table.changes(base) > _FEW_DIRECTORIES

    def _begin_table(self, indexed: tuple[str, bytes], *, follow: bool) -> None:
        if self._table is not None and self._indexed == indexed and not follow:
            return
        self._end_table()
        if follow or usable_processors() < 2 or start_method() != "fork":
            return
        with contextlib.suppress(OSError):  # the index has just gone, or there are too many processes
            self._table = StatTable.fork_ahead(*indexed)
            self._indexed = indexed

    def _begin_preload(self, encoding: str | None, workers: int, *, with_table: bool) -> None:
        if self._preload is not None and _fits(self._preload, encoding, workers, with_table=with_table):
            return
        self._end_preload()
        if encoding is None:
            return
        from exosuit_cli.model.encodings import ENCODINGS
        from exosuit_cli.workers.preload import Preload

        if encoding in ENCODINGS and start_method() == "fork":
            with contextlib.suppress(OSError):  # too many processes or open files: the run does without
                self._preload = Preload(encoding, workers, with_table=with_table)

    def _end_preload(self) -> None:
        if self._preload is not None:
            self._preload.close()
            self._preload = None

    def _end_table(self) -> None:
        if self._table is not None:
            self._table.close()
            self._table = None


def _is_index(path: str) -> bool:
    try:
        with open_index(path) as file:
            check_head(file)
    except (OSError, IndexUnusable):
        return False
    return True


def _fits(preload: Preload, encoding: str | None, workers: int, *, with_table: bool) -> bool:
    return preload.encoding == encoding and preload.most_workers >= workers and preload.with_table >= with_table


_ahead: Final = Ahead()
begin: Final = _ahead.begin
end: Final = _ahead.end
take_preload: Final = _ahead.take_preload
take_table: Final = _ahead.take_table
expects_changes: Final = _ahead.expects_changes
