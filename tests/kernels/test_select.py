"""The choice of a device: a demand is met or refused, never answered by another device."""

from __future__ import annotations

import pytest

from exosuit_cli.kernels import choose_device, load_kernels
from exosuit_cli.model.errors import ResourceMissing, UsageError


def test_cpu_is_what_was_asked_for() -> None:
    assert choose_device("cpu").device == "cpu"


def test_auto_says_why() -> None:
    choice = choose_device("auto")
    assert choice.device == "cpu"
    assert choice.reason


@pytest.mark.parametrize("request_", ["cuda:0", "cuda:17"])
def test_a_missing_device_is_no_cpu(request_: str) -> None:
    with pytest.raises(ResourceMissing, match=request_):
        choose_device(request_)
    with pytest.raises(ResourceMissing, match=request_):
        load_kernels(request_, "blake3")


@pytest.mark.parametrize("request_", ["", "gpu", "cuda", "cuda:", "cuda:x", "cuda:0 ", "CPU", "cpu\n", "cuda:0\n"])
def test_any_other_word_is_refused(request_: str) -> None:
    with pytest.raises(UsageError, match=r"auto, cpu or cuda:N"):
        choose_device(request_)
