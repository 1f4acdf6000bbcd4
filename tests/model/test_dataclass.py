"""The dataclass of the house is the standard one, but for the time that it takes."""

from __future__ import annotations

import dataclasses
import pickle
from typing import Any, ClassVar

import pytest

from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Every kind of plain field."""

    path: bytes
    line: int = 1
    names: list[str] = dataclasses.field(default_factory=list, compare=False)
    set_: str = "set"

    def __post_init__(self) -> None:
        if self.line < 0:
            raise ValueError(self.line)

    @property
    def shown(self) -> str:
        """A method beside the fields."""
        return f"{self.path!r}:{self.line}"


@dataclass(frozen=True, slots=True)
class Wide(Place):
    """One that inherits fields."""

    width: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """One with what is no plain field, which the standard library makes."""

    count: int
    most: ClassVar[int] = 3
    hidden: int = dataclasses.field(default=7, init=False)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No field."""


@dataclass(frozen=True, slots=True)
class Folded:
    """Its own comparison."""

    name: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folded) and self.name.lower() == other.name.lower()

    def __repr__(self) -> str:
        return f"<{self.name}>"


@dataclass(slots=True)
class Changing:
    """One that is not frozen."""

    value: int = 0


def test_it_takes_arguments_by_place_and_by_name_and_makes_each_default_anew() -> None:
    place = Place(b"a", 2, set_="x")
    assert (place.path, place.line, place.names, place.set_, place.shown) == (b"a", 2, [], "x", "b'a':2")
    assert Place(b"a").names is not Place(b"a").names
    with pytest.raises(TypeError):
        Place()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="-1"):
        Place(b"a", -1)


def test_it_compares_and_hashes_by_the_fields_that_are_compared() -> None:
    assert Place(b"a", names=["x"]) == Place(b"a")
    assert hash(Place(b"a", names=["x"])) == hash(Place(b"a"))
    assert Place(b"a") != Place(b"b")
    assert Place(b"a") != Wide(b"a")
    assert Place(b"a") != (b"a", 1)
    assert Folded("A") == Folded("a")
    assert Nothing() == Nothing()


def test_it_cannot_be_changed_and_has_no_other_attribute() -> None:
    place: Any = Place(b"a")
    for name in ("line", "other"):
        with pytest.raises(dataclasses.FrozenInstanceError, match=name):
            setattr(place, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del place.line
    assert not hasattr(place, "__dict__")
    changing = Changing()
    changing.value = 3
    assert changing == Changing(3)


@pytest.mark.parametrize("each", [Place(b"a", 2, ["n"]), Wide(b"a", width=4), Counted(1), Nothing(), Folded("A")])
def test_what_works_with_the_standard_one_works(each: Any) -> None:
    assert pickle.loads(pickle.dumps(each)) == each
    assert dataclasses.replace(each) == each
    assert dataclasses.is_dataclass(each)
    match each:
        case Place(path, line):
            assert (path, line) == (b"a", each.line)
            assert dataclasses.asdict(each)["names"] == each.names
            assert dataclasses.replace(each, line=9).line == 9
        case Counted(count):
            assert (count, each.hidden, each.most) == (1, 7, 3)


def test_its_text_is_that_of_the_standard_one() -> None:
    assert repr(Place(b"a")) == "Place(path=b'a', line=1, names=[], set_='set')"
    assert repr(Wide(b"a")) == "Wide(path=b'a', line=1, names=[], set_='set', width=0)"
    assert repr(Folded("a")) == "<a>"
    assert Place.__init__.__annotations__["line"] == "int"
