"""Token ids of chunks on a card: made of the text when they are first asked for, kept while they are hot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.tiers.protocol import Entry, key_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.tiers.stack import TierStack
    from exosuit_cli.tiers.vram import DeviceIds, VramTier


class TokenIds:
    """Gives the token ids of chunks by the keys of their text.

    Args:
        stack: has the text, and `tier` as its tier of ids.
        tier: keeps the ids under the digest of the ids themselves.
        encode: makes ids of a text, uint32[n], the same ones at any time.

    """

    def __init__(self, stack: TierStack, tier: VramTier, encode: Callable[[bytes], npt.NDArray[np.uint32]]) -> None:
        self._stack, self._tier, self._encode = stack, tier, encode
        self._of_text: dict[bytes, bytes] = {}

    def get(self, keys: Sequence[bytes]) -> list[DeviceIds | None]:
        """Ids on the card, in the order of the keys; None where the text is a miss or the card has no room."""
        self._forget()
        unknown = [key for key in dict.fromkeys(keys) if self._of_text.get(key, b"") not in self._tier]
        for key, text in zip(unknown, self._stack.get_many(unknown), strict=True):
            if text is not None:
                ids = self._encode(text).astype("<u4", copy=False)
                data = ids.tobytes()
                self._of_text[key] = key_of(data)
                self._stack.put_ids([Entry(self._of_text[key], data, len(ids))])
        wanted = [self._of_text.get(key, b"") for key in keys]
        self._stack.read_ids(wanted)
        return self._tier.ids(wanted)

    def _forget(self) -> None:
        """Keep no more names than twice the entries that are there."""
        if len(self._of_text) > 2 * len(self._tier) + 1024:
            self._of_text = {key: ids for key, ids in self._of_text.items() if ids in self._tier}
