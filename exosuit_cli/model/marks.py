"""How a file that exosuit wrote is known by its first bytes, so that no scan takes it for content of a tree."""

from __future__ import annotations

import re
from typing import Final

MARK_BYTES: Final = 8192
"""How far into a file the mark may reach: a first record can have a long path."""
FIRST_BYTES: Final = b"{[<#g"
"""The bytes that a file with a mark begins with."""

_SCHEMA: Final = rb"exosuit\.[a-z_]{1,40}/[0-9]{1,4}"
_PATH: Final = rb'"path":"(?:[^"\\]|\\.)+",(?:"path_b64":"[^"]+",)?'
_MARKED: Final = re.compile(
    rb"(?:\[\s*)?\{\s*\"schema\"\s*:\s*\"" + _SCHEMA + rb"\""  # a document
    rb"|\{" + _PATH + rb"\"size\":[0-9]+,\"kind\":\"(?:text|binary)\",\"language\":"  # a file of `scan --jsonl`
    rb"|\{" + _PATH + rb"\"skipped\":\"[a-z_]+\",\"detail\":\""  # a skip
    rb"|\{\"id\":\"[0-9a-f]{32}\"," + _PATH + rb"\"start_byte\":[0-9]+,\"end_byte\":"  # a chunk
    rb"|\{" + _PATH + rb"\"start_line\":[0-9]+,\"end_line\":[0-9]+,\"start_byte\":"  # an answer
    rb"|\{\"time\": \"[0-9T:.-]+Z\", \"level\": \"[a-z]+\", \"logger\": \"exosuit"  # a line of a log
    rb"|\{\s*\"exosuit/[a-z_]{1,40}/"  # the benchmarks of Bencher's format
    rb"|(?:<\?xml[^>]{0,80}\?>\s*|<!doctype html>\s*)?<!-- " + _SCHEMA + rb" -->"
    rb"|# " + _SCHEMA + rb"\n"  # a plain pack
    rb"|## exosuit bench: (?:invalid|regression|inconclusive|pass|improved|measured)"
    rb"|# (?:TYPE|HELP|UNIT) exosuit_"  # metrics have no other comments
    rb"|goos: .*\ngoarch: .*\npkg: exosuit\n"
)


def comment(schema: str) -> str:
    """The mark of a file in XML or HTML."""
    return f"<!-- {schema} -->"


def is_marked(head: bytes) -> bool:
    """Whether a file that begins with these bytes, its first `MARK_BYTES` or all, carries the mark."""
    return _MARKED.match(head) is not None
