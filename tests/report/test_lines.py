"""Lines that are printed without rich."""

from __future__ import annotations

import pytest

from exosuit_cli.report.lines import PlainConsole


@pytest.mark.parametrize(
    ("columns", "width"), [("200", 200), ("²", 80), ("-1", 80), ("0", 80), ("9" * 5000, 999_999), ("", 80)]
)
def test_the_width_is_what_the_environment_says_in_digits(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("exosuit_cli.report.lines._widths", lambda: iter(()))
    assert PlainConsole().width == width
