"""Changing single settings in a settings file: all other bytes of the file stay as they are."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.config.layers import file_layer, parse_document, read_file
from exosuit_cli.config.places import user_config_file
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.config.fields import Value

_BLANK: Final = re.compile(r"[ \t\n\r]*")


def settings_file(config_file: str | None, environ: Mapping[str, str] | None = None) -> str:
    """The file that a command writes settings to: that of `--config`, else the user's. Raises ConfigError."""
    if config_file is not None:
        return config_file
    path = user_config_file(os.environ if environ is None else environ)
    if path is None:
        raise ConfigError("no place for settings: HOME is no absolute path; set HOME or XDG_CONFIG_HOME")
    return path


def changed_settings(path: str, changes: Mapping[str, Value]) -> bytes:
    """The content of a settings file with new values for top-level settings; None becomes null.

    A missing file counts as an empty object. Every other key, the order and the layout stay as they are. Raises
    ConfigError where the file is no sound settings file, and where the outcome is none.
    """
    text = _text_of(path)
    for key, value in reversed(list(changes.items())):  # a new one becomes the first
        text = _changed(text, key, json.dumps(value))
    file_layer(parse_document(text.encode(), path), path)
    return text.encode()


def _text_of(path: str) -> str:
    """The text of a settings file that was found sound; an empty object where there is none."""
    content = read_file(path, demanded=False)
    if content is None:
        return "{}\n"
    file_layer(parse_document(content, path), path)
    return content.decode("utf-8")


def _changed(text: str, key: str, value: str) -> str:
    """The text of a JSON object with another value for a key of its own, which is added as the first if it is new."""
    begin = text.index("{") + 1
    first = position = _blank(text, begin)
    decoder = json.JSONDecoder()
    while text[position] != "}":
        name, position = decoder.raw_decode(text, position)
        position = _blank(text, _blank(text, position) + 1)  # past the colon
        _, end = decoder.raw_decode(text, position)
        if name == key:
            return text[:position] + value + text[end:]
        position = _blank(text, end)
        if text[position] == ",":
            position = _blank(text, position + 1)
    member = f"{json.dumps(key)}: {value}"
    if text[first] == "}":
        return f"{text[:begin]}\n  {member}\n{text[first:]}"
    return f"{text[:first]}{member},{text[begin:first] or ' '}{text[first:]}"


def _blank(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    assert found is not None
    return found.end()
