"""Every option of `exosuit profile`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.commands.profile_request import ProfileOptions, ProfileOutputs
from exosuit_cli.config.options import ScanOptions, WalkOptions

_LEFT_OUT: Final = ("use_index", "verify", "stdin0", "context")
"""Fields of options that a profile has in a form of its own, or not at all."""

PROFILE: Final = tuple(
    each
    for each in flags_of(ProfileOptions, ProfileOutputs, ChunkOptions, ScanOptions, WalkOptions, SessionFlags)
    if each.attribute not in _LEFT_OUT
)
"""In the order of the help."""
