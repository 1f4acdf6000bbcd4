"""Write what the published schemas say of digests from their declarations: python scripts/export_schemas.py

A schema is a contract that other programs read, so it names every digest. The names, widths and titles are those of
`exosuit_cli.model.digests`; all else in the schemas is written by hand and stays as it is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exosuit_cli.model.digests import DEFAULT_DIGEST, DIGESTS, file_digests

SCHEMAS = Path(__file__).resolve().parent.parent / "exosuit_cli" / "report" / "schemas"
NAMES = ("record", "scan")


def filled(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with every file digest in it, in the places where it has the default one."""
    if "hash" in schema.get("properties", {}):
        schema["properties"]["hash"]["enum"] = list(file_digests())
    file = schema["$defs"]["file"]
    properties = {name: value for name, value in file["properties"].items() if name not in DIGESTS}
    before = list(file["properties"]).index(DEFAULT_DIGEST)
    items = list(properties.items())
    digests = [(name, _property(name)) for name in file_digests()]
    file["properties"] = dict(items[:before] + digests + items[before:])
    for choice in ("oneOf", "anyOf"):
        if choice in file:
            file[choice] = [{"required": [name]} for name in file_digests()]
    return schema


def _property(name: str) -> dict[str, str]:
    digest = DIGESTS[name]
    asked = "" if name == DEFAULT_DIGEST else f", with --hash {name}"
    return {
        "type": "string",
        "pattern": f"^[0-9a-f]{{{2 * digest.width}}}$",
        "description": f"{digest.title} of the bytes{asked}.",
    }


def text(name: str) -> str:
    """The text of a schema's file."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return json.dumps(filled(schema), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for each in NAMES:
        (SCHEMAS / f"{each}.schema.json").write_text(text(each))
