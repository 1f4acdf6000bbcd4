"""What leaves a full tier first: one small file a policy, behind one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import UsageError
from exosuit_cli.tiers.policies.fifo import Fifo
from exosuit_cli.tiers.policies.lfu import Lfu
from exosuit_cli.tiers.policies.lru import Lru
from exosuit_cli.tiers.policies.score import Score

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.tiers.policies.protocol import Policy

POLICIES: Final[dict[str, Callable[[], Policy]]] = {"lru": Lru, "lfu": Lfu, "fifo": Fifo, "score": Score}


def new_policy(name: str) -> Policy | None:
    """A policy by the name that the setting `eviction_policy` has; None for `none`: nothing leaves.

    Raises UsageError for an unknown name.
    """
    if name == "none":
        return None
    if name not in POLICIES:
        raise UsageError(f"eviction policy {name!r} is unknown; accepted: {', '.join(POLICIES)}, none")
    return POLICIES[name]()
