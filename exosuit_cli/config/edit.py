"""A changed settings file, as bytes: what the user wrote stays, and the outcome is one that loads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.layers import file_layer, flag_layer, parse_document
from exosuit_cli.config.load import default_layer, merge_layers
from exosuit_cli.config.schema import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.config.fields import Value


def edit_document(content: bytes | None, changes: Mapping[str, Value | None], path: str) -> bytes:
    """Return the settings file `content` (None: there is none yet) with dotted keys set, or removed where None.

    A string is read like the text of a flag: `"5"` becomes 5, `"4GiB"` stays. Keys that are not named keep their order
    and their form. A file that gives both `current_phase` and `current_token_limit` needs both changed, or the limit
    removed. Nothing is written here.

    Raises ConfigError when a key is unknown, and, naming `path`, when the file was wrong before or would be after.
    """
    checked = flag_layer(changes)
    document: dict[str, Any] = {}
    if content is not None:
        document = parse_document(content, path)
        file_layer(document, path)
    for key, value in changes.items():
        group, _, name = key.rpartition(".")
        holder = _holder(document, group)
        if value is None:
            holder.pop(name, None)
        elif isinstance(value, str) and FIELDS[key].kind != "size":
            holder[name] = checked[key][0]
        else:
            holder[name] = value
    merge_layers([default_layer(), file_layer(document, path)])
    return (json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def _holder(document: dict[str, Any], group: str) -> dict[str, Any]:
    """Return the object of `document` that keeps the settings of `group`, made empty when it is not there."""
    top, _, name = group.partition(".")
    if top == "phases":
        listed: list[dict[str, Any]] = document.setdefault("phases", [])
        for item in listed:
            if item["phase"] == int(name):
                return item
        listed.append({"phase": int(name)})
        return listed[-1]
    for part in group.split(".") if group else ():
        document = document.setdefault(part, {})
    return document
