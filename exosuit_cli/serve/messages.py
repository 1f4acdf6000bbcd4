"""What the server and the process that reads the contexts say to each other. Imports little."""

from __future__ import annotations

import pickle
import struct
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

HEADER: Final = struct.Struct("!Q")
"""Before each message: its bytes."""


@dataclass(frozen=True, slots=True)
class Call:
    """A tool to carry out over `roots`, or over the context of a name; `given` are its arguments."""

    tool: str
    roots: tuple[str, ...]
    context: str | None
    config: str | None
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """How far the first index of a tree, or its refresh, is: `done` of 100, and what is being done."""

    done: float
    message: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tool answers: a text for a model, and the same as values."""

    text: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a tool has no answer. `is_internal`: by a mistake in exosuit."""

    message: str
    is_internal: bool = False


Message = Call | Step | Reply | Failure


def packed(message: Message) -> bytes:
    """A message as it is sent."""
    data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(data)) + data


def unpacked(data: bytes) -> Message:
    """A message from another process of this program; never from anywhere else."""
    found: Message = pickle.loads(data)  # noqa: S301  (both ends are this program, over a pair of sockets of its own)
    return found
