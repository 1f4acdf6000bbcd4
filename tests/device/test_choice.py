"""The choice of a device: a demand is met or refused, never answered by another device."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exosuit_cli.device.choice import choose_device, decide, load_driver
from exosuit_cli.device.probe import Probe
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.model.units import LARGEST_SIZE

if TYPE_CHECKING:
    from collections.abc import Callable

RATES = st.floats(1e6, 1e13)


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


@given(RATES, RATES, st.floats(0.01, 100), st.integers(1, 64))
@example(1000000.0000000001, 1e6, 1.0, 1)
@example(1e13, 1e13 * (1 - 2**-53), 100.0, 1)
def test_a_card_joins_from_where_it_pays(device: float, cpu: float, start: float, processors: int) -> None:
    choice = decide(Probe("A card", start, 1e12, 1e12, device, cpu, 1, 1, 1e30), processors, counts_tokens=False)
    with_tokens = decide(Probe("A card", start, 1e12, 1e12, 1, 1, device, cpu, 1e30), processors, counts_tokens=True)
    assert (with_tokens.joins, with_tokens.break_even_bytes) == (choice.joins, choice.break_even_bytes)
    assert choice.device == "cpu"  # which is there at once
    if device <= cpu * processors:
        assert choice.joins is None
        return
    assert choice.joins == "cuda:0"
    assert choice.break_even_bytes is not None
    least = choice.break_even_bytes
    if least == LARGEST_SIZE:
        return  # it never pays
    # With twice as much to read, the card's start and its work take no longer than the processors alone.
    assert start + 2 * least / device <= (2 * least + 2) / (cpu * processors) * (1 + 1e-6)
