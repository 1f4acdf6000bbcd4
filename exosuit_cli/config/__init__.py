"""The settings: one schema, five layers that merge key by key, and an origin for every value; each option once.

The public names are imported when they are first used: `exosuit scan` looks at its options before it needs settings.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.config.fields import Field, Value
    from exosuit_cli.config.layers import Origin
    from exosuit_cli.config.load import LoadedSettings, SettingRow, load_settings
    from exosuit_cli.config.options import ScanDefaults
    from exosuit_cli.config.places import FILE_NAME, default_config_file, user_config_file
    from exosuit_cli.config.schema import FIELDS, LAYER_NAMES, VARIABLES, MemoryLayer, Phase, Settings

_HOMES = {
    "FIELDS": "schema",
    "FILE_NAME": "places",
    "LAYER_NAMES": "schema",
    "VARIABLES": "schema",
    "Field": "fields",
    "LoadedSettings": "load",
    "MemoryLayer": "schema",
    "Origin": "layers",
    "Phase": "schema",
    "ScanDefaults": "options",
    "SettingRow": "load",
    "Settings": "schema",
    "Value": "fields",
    "default_config_file": "places",
    "load_settings": "load",
    "user_config_file": "places",
}

__all__ = [
    "FIELDS",
    "FILE_NAME",
    "LAYER_NAMES",
    "VARIABLES",
    "Field",
    "LoadedSettings",
    "MemoryLayer",
    "Origin",
    "Phase",
    "ScanDefaults",
    "SettingRow",
    "Settings",
    "Value",
    "default_config_file",
    "load_settings",
    "user_config_file",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
