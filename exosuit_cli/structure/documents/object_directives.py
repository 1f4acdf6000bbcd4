"""Directives of reStructuredText that document an object, as `.. class:: Name`: sections below their heading.

Source: the documentation of Sphinx, for its domains, and those of its extensions for the directives that they add.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.next_lines import next_not_deeper

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns

_OF_CODE: Final = (
    "function|class|method|classmethod|staticmethod|attribute|property|data|exception|decorator|decoratormethod|type"
    "|abstractmethod|coroutine(?:function|method)?|struct|union|enum|enum-class|enumerator|member|var|macro|concept"
    "|alias|interface|trait|const|global|namespace|object"
)
_OTHERS: Final = (
    "option|cmdoption|envvar|confval|setting|describe|directive|role|event|signal|opcode|pdbcommand|templatetag"
    "|templatefilter|fieldlookup|django-admin|ansible-option|command|variable"
)
_OBJECT: Final = re.compile(
    (
        rf"\.\. +(?P<domain>\w+:)?(?:(?P<code>(?:auto|doxygen)?(?:{_OF_CODE}))|(?P<other>{_OTHERS})) ?::"
        r"[ \t]+(?P<name>\S.*)"
    ).encode()
)
_C_DOMAINS: Final = frozenset((b"c:", b"cpp:"))
_OPTION: Final = re.compile(rb"[^\s,=<\[]+")
_VALUE: Final = re.compile(rb"\s*(?:[:=]\s|->).*")
_LONGEST: Final = 80
"""Bytes of a name."""


def documents_object(row: bytes) -> bool:
    """Whether a line, without blanks around it, begins a directive that documents an object."""
    return _OBJECT.match(row) is not None


def object_name(row: bytes) -> str | None:
    """The name of the object that the directive on a line documents, without its parameters; None for other lines."""
    found = _OBJECT.match(row)
    if found is None:
        return None
    name: bytes = found["name"]
    option = _OPTION.match(name) if found["other"] is not None and name[:1] in b"-/+" else None
    if option is not None:
        name = option[0]
    elif found["code"] is not None:
        name = _VALUE.sub(b"", name.partition(b"(")[0].rstrip() or name)
        if found["domain"] in _C_DOMAINS:
            name = name.split()[-1].lstrip(b"*&") if name.split() else name
    return " ".join(name[:_LONGEST].decode("utf-8", "replace").split()) or None


def ends_of_objects(lines: LineColumns, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64[places]: the last line of what each directive, at some ascending lines, holds, all further to the right."""
    stops = lines.files[np.searchsorted(lines.files, places, "right")]
    found: npt.NDArray[np.int64] = stops - 1
    inked = np.append(np.flatnonzero(lines.heads != 0), len(lines.heads))
    after = np.searchsorted(inked, places, "right")
    shallow = next_not_deeper(lines.indents[inked[:-1]], after, lines.indents[places])
    found[:] = np.minimum(found, inked[shallow] - 1)
    return found
