"""The settings: one schema, five layers that merge key by key, and an origin for every value."""

from exosuit_cli.config.fields import Field, Value
from exosuit_cli.config.layers import Origin
from exosuit_cli.config.load import (
    FILE_NAME,
    LoadedSettings,
    SettingRow,
    default_config_file,
    load_settings,
    user_config_file,
)
from exosuit_cli.config.schema import FIELDS, LAYER_NAMES, VARIABLES, MemoryLayer, Phase, ScanDefaults, Settings

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
