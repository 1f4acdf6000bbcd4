"""The choice of a device: a demand is met or refused, never answered by another device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.device.choice import choose_device, load_driver
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.errors import ResourceMissing, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_cpu_is_what_was_asked_for() -> None:
    assert choose_device("cpu", 2).device == "cpu"


def test_auto_says_why() -> None:
    choice = choose_device("auto", 2)
    assert choice.device == "cpu"
    assert choice.reason


@pytest.mark.parametrize("request_", ["cuda:0", "cuda:17", "cuda:0,1"])
def test_a_missing_device_is_no_cpu(request_: str) -> None:
    if load_driver().why_not(0) is None:
        pytest.skip("this machine has an NVIDIA card")
    with pytest.raises(ResourceMissing, match=request_):
        choose_device(request_, 2)


@pytest.mark.parametrize(
    "request_", ["", "gpu", "gpu:0", "cuda:", "cuda:x", "cuda:0 ", "CPU", "cpu\n", "cuda:0\n", "cuda:0,", "cuda:1,1"]
)
def test_any_other_word_is_refused(request_: str) -> None:
    with pytest.raises(UsageError, match=r"auto, cpu, cuda, cuda:N or cuda:N,M"):
        choose_device(request_, 2)


def test_a_demand_is_kept_as_it_is(cards: Callable[..., Any]) -> None:
    cards(cards=2)
    choice = choose_device("cuda:1", 2)
    assert (choice.device, choice.is_demanded) == ("cuda:1", True)
    assert choose_device("cuda:1,0", 2).device == "cuda:1,0"
    assert choose_device("cuda", 2).device == "cuda:0"


def test_a_digest_without_a_kernel_is_computed_on_the_cpu(
    cards: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    cards(cards=2)
    monkeypatch.setitem(DIGESTS, "other", replace(DIGESTS["blake3"], name="other", source="", kernels=()))
    assert choose_device("auto", 2, "other").reason == "no CUDA kernel computes the digest other"
    with pytest.raises(ResourceMissing, match="device cuda:0: no CUDA kernel computes the digest other"):
        choose_device("cuda:0", 2, "other")
