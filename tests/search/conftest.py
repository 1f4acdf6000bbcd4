from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from exosuit_cli import tokens

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def _one_counter() -> Iterator[None]:
    """Load each vocabulary once for all tests of this process, which takes longer than what they do with it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "load_counter", cache(tokens.load_counter))
        yield
