"""Write the packaged vocabularies anew from the ones inside toktok-rs, and refuse any that is not the published one.

    python scripts/export_vocabulary.py [DIRECTORY]

The format is tiktoken's: one line `base64(token) rank` for each token, in the order of the ranks.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys

from toktok._toktok import Tokenizer

from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.tokens.encodings import vocabulary_path


def export(encoding: str) -> bytes:
    """Return the vocabulary of `encoding` as toktok-rs carries it."""
    tokens = Tokenizer(encoding, "").token_byte_values()
    return b"".join(b"%s %d\n" % (base64.b64encode(token), rank) for rank, token in enumerate(tokens))


def main(arguments: list[str]) -> int:
    for encoding in ENCODINGS.values():
        content = export(encoding.name)
        found = hashlib.sha256(content).hexdigest()
        if found != encoding.sha256:
            print(f"{encoding.name}: SHA-256 {found}, published {encoding.sha256}; not written", file=sys.stderr)
            return 1
        directory = arguments[0] if arguments else os.path.dirname(vocabulary_path(encoding))
        path = os.path.join(directory, f"{encoding.name}.tiktoken")
        with open(path, "wb") as file:
            file.write(content)
        print(f"{path}: {len(content)} bytes, SHA-256 {found}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
