"""The settings: one schema, five layers that merge key by key, and an origin for every value; each option once.

The public names are imported when they are first used: `exosuit scan` looks at its options before it needs settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.config.fields import Field, Value
    from exosuit_cli.config.layers import Origin
    from exosuit_cli.config.load import LoadedSettings, SettingRow, load_settings
    from exosuit_cli.config.options import ScanDefaults
    from exosuit_cli.config.places import FILE_NAME, default_config_file, user_config_file
    from exosuit_cli.config.schema import FIELDS, LAYER_NAMES, VARIABLES, MemoryLayer, Phase, Settings

_HOMES = {
    "FIELDS": "exosuit_cli.config.schema",
    "FILE_NAME": "exosuit_cli.config.places",
    "LAYER_NAMES": "exosuit_cli.config.schema",
    "VARIABLES": "exosuit_cli.config.schema",
    "Field": "exosuit_cli.config.fields",
    "LoadedSettings": "exosuit_cli.config.load",
    "MemoryLayer": "exosuit_cli.config.schema",
    "Origin": "exosuit_cli.config.layers",
    "Phase": "exosuit_cli.config.schema",
    "ScanDefaults": "exosuit_cli.config.options",
    "SettingRow": "exosuit_cli.config.load",
    "Settings": "exosuit_cli.config.schema",
    "Value": "exosuit_cli.config.fields",
    "default_config_file": "exosuit_cli.config.places",
    "load_settings": "exosuit_cli.config.load",
    "user_config_file": "exosuit_cli.config.places",
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

__getattr__ = lazy_names(__name__, _HOMES)
