"""The work of one tool on a tree, done in this process, which then prints how much that was: a side of bench_peers.py.

    python scripts/peer_work.py walk|walk-rules|tiktoken|tree-sitter TREE

It imports no more than that tool needs: a side's time is that of its process, start included.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

ENCODING = "o200k_base"
LARGEST = 1_000_000
"""Bytes of a file that every chunker takes in reasonable time, as bench_chunk.py has it."""
BATCH = 64
"""Texts that tiktoken is handed at once, for its threads."""


def work(name: str, tree: str) -> dict[str, int]:
    """Do one tool's work on a tree in this process; what it did."""
    if name == "walk":
        return _walk(tree, ignore=False)
    if name == "walk-rules":
        return _walk(tree, ignore=True)
    from chunk_methods import Corpus, find_files, grammar

    sources = [(language, Path(path).read_bytes()) for language, path in find_files(tree, LARGEST, Corpus(tree))]
    done = {"files": len(sources), "bytes": sum(len(data) for _, data in sources)}
    if name == "tiktoken":
        encoding, threads = _tiktoken(), len(os.sched_getaffinity(0))
        texts = [data.decode() for _, data in sources]
        for start in range(0, len(texts), BATCH):
            for ids in encoding.encode_ordinary_batch(texts[start : start + BATCH], num_threads=threads):
                done["tokens"] = done.get("tokens", 0) + len(ids)
        return done
    import tree_sitter

    for language, data in sources:
        tree_sitter.Parser(grammar(language)[0]).parse(data)
    return done


def _walk(tree: str, *, ignore: bool) -> dict[str, int]:
    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk import TreeWalk

    walk = TreeWalk(os.fsencode(os.path.realpath(tree)), (b"",), WalkOptions(ignore=ignore))
    return {"files": sum(len(listing.names) for listing, _ in walk)}


def _tiktoken() -> Any:
    """The official encoding over the packaged vocabulary, which has the published digest: the other is a download."""
    import tiktoken
    import tiktoken_ext.openai_public as published

    from exosuit_cli.tokens import ENCODINGS
    from exosuit_cli.tokens.encodings import read_vocabulary

    lines = read_vocabulary(ENCODINGS[ENCODING]).splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    published.load_tiktoken_bpe = lambda *_, **__: ranks
    return tiktoken.Encoding(**published.ENCODING_CONSTRUCTORS[ENCODING]())


if __name__ == "__main__":
    print(json.dumps(work(*sys.argv[1:])))
