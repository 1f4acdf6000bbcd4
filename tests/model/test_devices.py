"""The grammar of device names, and that everything that takes a device reads it."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.config import FIELDS
from exosuit_cli.config.fields import InvalidValue
from exosuit_cli.device.choice import choose_device
from exosuit_cli.model.devices import MOST_CARDS, DeviceRequest, nearest_device, parse_device
from exosuit_cli.model.errors import ResourceMissing, UsageError

CARDS = st.lists(st.integers(0, MOST_CARDS - 1), min_size=1, max_size=8, unique=True)
NEAR_NAMES = st.text(st.sampled_from("cudaptog:,0123456789 \n"), max_size=12)


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        ("auto", DeviceRequest("auto")),
        ("cpu", DeviceRequest("cpu")),
        ("cuda", DeviceRequest("cuda", (0,))),
        ("cuda:0", DeviceRequest("cuda", (0,))),
        ("cuda:999", DeviceRequest("cuda", (999,))),
        ("cuda:3,0,12", DeviceRequest("cuda", (3, 0, 12))),
    ],
)
def test_names(text: str, request_: DeviceRequest) -> None:
    assert parse_device(text) == request_


@given(CARDS)
def test_a_name_says_what_was_read(cards: list[int]) -> None:
    request = DeviceRequest("cuda", tuple(cards))
    assert parse_device(request.name) == request


@pytest.mark.parametrize(
    "text", ["", "CPU", "cpu ", "cuda:", "cuda:00", "cuda:1000", "cuda:1,1", "cuda:0,", "cuda:0, 1"]
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected auto, cpu, cuda, cuda:N or cuda:N,M"):
        parse_device(text)


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("gpu", "cuda"),
        ("GPU", "cuda"),
        ("gpu:1", "cuda:1"),
        ("gpu0,1", "cuda:0,1"),
        ("nvidia", "cuda"),
        ("cuda0", "cuda:0"),
        ("CPU", "cpu"),
        ("atuo", "auto"),
        ("quantum", ""),
    ],
)
def test_the_nearest_name(text: str, near: str) -> None:
    assert nearest_device(text) == near
    with pytest.raises(UsageError) as found:
        parse_device(text)
    assert f"(did you mean {near}?)" in str(found.value) or not near


@given(NEAR_NAMES | CARDS.map(lambda cards: DeviceRequest("cuda", tuple(cards)).name))
def test_the_setting_and_the_choice_read_one_grammar(text: str) -> None:
    try:
        expected = parse_device(text).name
    except UsageError:
        with pytest.raises(InvalidValue):
            FIELDS["scan.device"].check(text)
        with pytest.raises(UsageError):
            choose_device(text, 2)
        return
    assert FIELDS["scan.device"].check(text) == expected
    with contextlib.suppress(ResourceMissing):  # no such card here
        assert choose_device(text, 2).device in (expected, "cpu")
