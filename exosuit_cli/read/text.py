"""The border between text and binary."""

from __future__ import annotations

import codecs

UNDECODABLE_SHARE = 0.30
"""More undecodable bytes than this share of the probe make a file binary, as the -T test of perl's perlfunc has it."""


def is_text(probe: bytes) -> bool:
    """Whether a file that starts with `probe`, its first `TEXT_PROBE_BYTES` bytes at most, is text.

    Text has no NUL in the probe and at most 30% of its bytes outside well-formed UTF-8; a character that the probe
    cuts off at its end counts as well-formed. Text in another encoding passes while it is mostly ASCII (Latin-1
    prose), and is binary otherwise (UTF-16, Shift JIS).
    """
    if b"\0" in probe:
        return False
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoded = decoder.decode(probe)
    held_back = len(decoder.getstate()[0])
    undecodable = len(probe) - held_back - len(decoded.encode())
    return undecodable <= UNDECODABLE_SHARE * len(probe)
