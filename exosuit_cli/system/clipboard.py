"""The clipboard, by what the system has: a program of the desktop, or the terminal itself."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Final, TextIO

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROGRAMS: Final = (
    ("WAYLAND_DISPLAY", ("wl-copy",)),
    ("DISPLAY", ("xclip", "-selection", "clipboard")),
    ("DISPLAY", ("xsel", "--clipboard", "--input")),
    ("", ("pbcopy",)),
)
"""Each with the variable that says that its desktop is there."""
MOST_TERMINAL_BYTES: Final = 74_994
"""What fits the 100,000 bytes of the sequence OSC 52 that terminals take, in base64 (xterm, ctlseqs)."""
_SECONDS: Final = 10


@dataclass(frozen=True, slots=True)
class Clipboard:
    """A way to the clipboard: a program, or a terminal that takes OSC 52."""

    program: Sequence[str] = ()
    terminal: TextIO | None = None

    def copy(self, text: bytes) -> None:
        """Put the text there. Raises OutputError."""
        if self.terminal is not None:
            if len(text) > MOST_TERMINAL_BYTES:
                raise OutputError(
                    f"cannot copy {len(text):,} bytes: a terminal takes {MOST_TERMINAL_BYTES:,} at most; "
                    "install wl-copy or xclip, or give -o FILE"
                )
            self.terminal.write(f"\x1b]52;c;{base64.b64encode(text).decode()}\x07")
            self.terminal.flush()
            return
        try:
            subprocess.run(  # noqa: S603  (one of the programs above, found on the path)
                self.program, input=text, check=True, timeout=_SECONDS, stdout=subprocess.DEVNULL
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise OutputError(f"cannot copy: {self.program[0]} failed ({error}); give -o FILE") from error


def find_clipboard(terminal: TextIO | None) -> Clipboard:
    """The way to the clipboard; `terminal` is a stream that may be one. Raises ResourceMissing where there is none."""
    for variable, program in _PROGRAMS:
        if (not variable or os.environ.get(variable)) and (found := shutil.which(program[0])):
            return Clipboard((found, *program[1:]))
    if terminal is not None and terminal.isatty():
        return Clipboard(terminal=terminal)
    raise ResourceMissing("there is no clipboard here: wl-copy, xclip, xsel and pbcopy are missing; give -o FILE")
