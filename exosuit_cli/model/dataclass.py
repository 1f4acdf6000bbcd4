"""`dataclass` as in the standard library, in a quarter of its time for a frozen one with slots.

A command defines more than a hundred of them before it begins. `dataclasses.dataclass` compiles six methods for each,
1.5 ms in Python 3.11, which was a third of the time of a short command. Here `__init__` alone is compiled, when the
first object is made: of most classes a command makes none. The other methods are the same functions for all classes.
For type checkers it is the standard decorator.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import dataclass as dataclass
else:

    def dataclass(*, frozen: bool = False, slots: bool = False, eq: bool = True) -> Callable[[type], type]:
        """A decorator for a class of fields; `fields`, `replace` and pickles work as with the standard one.

        A class of another kind, one that inherits fields, and one with a field that is no plain argument of `__init__`
        are made by the standard library.
        """

        def make(cls: type) -> type:
            if frozen and slots and eq and _is_plain(cls):
                return _frozen(cls)
            return dataclasses.dataclass(frozen=frozen, slots=slots, eq=eq)(cls)

        return make


def _is_plain(cls: type) -> bool:
    types = vars(cls).get("__annotations__", {})
    marks = ("ClassVar", "InitVar", "KW_ONLY")
    fields = [vars(cls)[name] for name in types if isinstance(vars(cls).get(name), dataclasses.Field)]
    return (
        not any(map(dataclasses.is_dataclass, cls.__mro__))
        and all(isinstance(each, str) and not any(mark in each for mark in marks) for each in types.values())
        and all(each.init and each.hash is None and each.kw_only in (False, dataclasses.MISSING) for each in fields)
        and len(types) > sum(not each.compare for each in fields)
    )


def _frozen(cls: type) -> type:
    own = dict(vars(cls))
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    fields = dataclasses.fields(made)
    made.__dataclass_params__.frozen = True  # a class that inherits from it must be, too
    made.__init__ = _later(made, fields)
    made.__setattr__, made.__delattr__ = _refuse_change, _refuse_deletion
    made.__getstate__, made.__setstate__ = _state, _set_state
    for name, method in (("__repr__", _text), ("__eq__", _equal), ("__hash__", _hash)):
        if own.get(name) is None:
            setattr(made, name, method)
    made.__compared__ = attrgetter(*(each.name for each in fields if each.compare))
    found: type = made
    return found


def _later(cls: Any, fields: Sequence[dataclasses.Field[Any]]) -> Any:
    """An `__init__` that puts the real one in its place when it is first called."""

    def __init__(self: Any, *values: Any, **named: Any) -> None:  # noqa: N807  (its name in a traceback)
        made = _initialiser(cls, fields)
        cls.__init__ = made
        made(self, *values, **named)

    return __init__


def _initialiser(cls: Any, fields: Sequence[dataclasses.Field[Any]]) -> Any:
    known: dict[str, Any] = {"__set": object.__setattr__}
    arguments, lines = [], []
    for each in fields:
        argument, value = each.name, each.name
        if each.default is not dataclasses.MISSING:
            known[f"__default_{each.name}"] = each.default
            argument += f"=__default_{each.name}"
        elif each.default_factory is not dataclasses.MISSING:
            known |= {f"__make_{each.name}": each.default_factory, "__absent": dataclasses.MISSING}
            argument += "=__absent"
            value = f"__make_{each.name}() if {each.name} is __absent else {each.name}"
        arguments.append(argument)
        lines.append(f"  __set(self, {each.name!r}, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append("  self.__post_init__()")
    names = ", ".join(known)
    text = f"def make({names}):\n def __init__(self, {', '.join(arguments)}):\n" + "\n".join(lines)
    found: dict[str, Any] = {}
    exec(f"{text}\n return __init__", {}, found)  # noqa: S102  (names of fields, as the standard library does)
    init = found["make"](**known)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__module__ = cls.__module__
    init.__annotations__ = {each.name: each.type for each in fields} | {"return": None}
    return init


def _refuse_change(self: Any, name: str, value: object) -> None:  # noqa: ARG001  (the signature of __setattr__)
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deletion(self: Any, name: str) -> None:  # noqa: ARG001  (the signature of __delattr__)
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _set_state(self: Any, state: Sequence[Any]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        object.__setattr__(self, name, value)


def _text(self: Any) -> str:
    parts = (f"{each.name}={getattr(self, each.name)!r}" for each in dataclasses.fields(self) if each.repr)
    return f"{type(self).__qualname__}({', '.join(parts)})"


def _equal(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    return self.__compared__(self) == self.__compared__(other)


def _hash(self: Any) -> int:
    return hash(self.__compared__(self))
