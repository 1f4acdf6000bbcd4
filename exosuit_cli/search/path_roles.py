"""What a file is for, by its path: a test, an example, vendored or generated code."""

from __future__ import annotations

import re
from typing import Final

_TEST: Final = re.compile(
    rb"(?:^|/)(?:tests?|testing|testdata|__tests__|specs?|selftests|e2e|fixtures)/"
    rb"|(?:^|/)(?:test_[^/]*|conftest\.py)$|[_.-](?:test|tests|spec)\.\w+$|(?:^|/)[A-Z]\w*Tests?\.\w+$"
)
_ASIDE: Final = re.compile(
    rb"(?:^|/)(?:examples?|samples?|demos?|benchmarks?|vendor|vendored|_vendor|third[_-]?party|3rdparty|node_modules|"
    rb"extern|external|dist|generated|docs?|tools|scripts)/|\.min\.\w+$|_pb2(?:_grpc)?\.pyi?$|\.pb\.\w+$"
)


def is_test(path: bytes) -> bool:
    """Whether a file holds tests, by its path."""
    return _TEST.search(path) is not None


def is_aside(path: bytes) -> bool:
    """Whether a file is no part of what its repository is about: an example, vendored or generated code."""
    return _ASIDE.search(path) is not None
