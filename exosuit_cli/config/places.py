"""Where settings files are."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME: Final = "token-upgrade-config.json"
VARIABLE_PREFIX: Final = "EXOSUIT_"


def user_config_file(environ: Mapping[str, str]) -> str | None:
    """Name the user's file, `$XDG_CONFIG_HOME/exosuit/token-upgrade-config.json`, whether it exists or not.

    As in the XDG Base Directory Specification, a variable that is not an absolute path is ignored, and `$HOME/.config`
    is the default; None when HOME is no absolute path either.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            return None
        base = os.path.join(home, ".config")
    return os.path.join(base, "exosuit", FILE_NAME)


def default_config_file() -> str:
    """Name the packaged default: beside this module in a wheel, in `config/` beside the package in a checkout."""
    here = os.path.dirname(os.path.abspath(__file__))
    packaged = os.path.join(here, FILE_NAME)
    if os.path.exists(packaged):
        return packaged
    return os.path.join(os.path.dirname(os.path.dirname(here)), "config", FILE_NAME)
