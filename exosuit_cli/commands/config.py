"""The settings in force, as a command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.config import load_settings

if TYPE_CHECKING:
    from exosuit_cli.config import SettingRow


def show_settings(config: str | None = None) -> list[SettingRow]:
    """Every setting with its value and its origin; `config` is a settings file. Raises ConfigError."""
    return load_settings(config).rows()
