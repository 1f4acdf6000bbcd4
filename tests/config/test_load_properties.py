from __future__ import annotations

import json
import math
import tempfile
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.config import FIELDS, Field, load_settings
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping

    from tests.config.conftest import Home

DEFAULTS = load_settings(environ={}).values
LINKED = {
    "current_phase",
    "current_token_limit",
    "baseline_token_limit",
    "improvement_multiplier",
    "target_token_limit",
}
FREE = [key for key in FIELDS if key not in LINKED and not key.endswith(".token_limit")]
"""Settings that no rule ties to another."""


def nested(values: Mapping[str, object]) -> dict[str, Any]:
    """The document that holds dotted keys, with the phases as a list."""
    document: dict[str, Any] = {}
    phases: dict[int, dict[str, object]] = {}
    for key, value in values.items():
        *groups, name = key.split(".")
        holder = document
        if groups[:1] == ["phases"]:
            holder = phases.setdefault(int(groups[1]), {"phase": int(groups[1])})
        else:
            for group in groups:
                holder = holder.setdefault(group, {})
        holder[name] = value
    if phases:
        document["phases"] = list(phases.values())
    return document


def good(field: Field) -> st.SearchStrategy[Any]:
    """JSON values that a setting accepts."""
    match field.kind:
        case "integer":
            return st.integers(field.low, field.high)
        case "number":
            return st.integers(field.low, field.high) | st.floats(field.low, field.high)
        case "size":
            return st.integers(field.low, field.high) | st.integers(64, 1 << 20).map("{}KiB".format)
        case "boolean":
            return st.booleans()
        case "choice":
            return st.sampled_from(field.choices)
        case "text":
            printable = st.characters(exclude_categories=("C", "Z"))
            return st.text(printable, min_size=field.low, max_size=field.high)
        case "encoding":
            return st.sampled_from(list(ENCODINGS))
        case "device":
            return st.sampled_from(["auto", "cpu"]) | st.integers(0, 999).map("cuda:{}".format)


def bad(field: Field) -> st.SearchStrategy[Any]:
    """JSON values that a setting does not accept."""
    wrong: list[Any] = [*([] if field.optional else [None]), [], {}, [1], math.nan, math.inf]
    match field.kind:
        case "integer" | "number":
            return st.sampled_from([*wrong, True, "1", field.low - 1, field.high + 1, 10**60, -(10**60)])
        case "size":
            return st.sampled_from([*wrong, True, "", "-1", field.low - 1, field.high + 1, 1e6, "9" * 40])
        case "boolean":
            return st.sampled_from([*wrong, 0, 1, "true"])
        case _:
            return st.sampled_from([*wrong, True, 0, "", "no such\x00thing" * 9])


@st.composite
def partial(draw: st.DrawFn) -> dict[str, Any]:
    keys = draw(st.lists(st.sampled_from(FREE), unique=True, max_size=12))
    return {key: draw(good(FIELDS[key])) for key in keys}


def spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


@given(partial(), partial(), partial(), partial(), st.randoms())
def test_any_partial_layers_merge_key_by_key(
    home_at: type[Home],
    user: dict[str, Any],
    file: dict[str, Any],
    variables: dict[str, Any],
    flags: dict[str, Any],
    order: random.Random,
) -> None:
    variables = {key: value for key, value in variables.items() if spelled(value).strip() == spelled(value)}
    documents = [nested(user), nested(file)]
    for document in documents:
        order.shuffle(document.get("phases", []))
    with tempfile.TemporaryDirectory() as root:
        home = home_at(root)
        environ = {FIELDS[key].variable: spelled(value) for key, value in variables.items()}
        loaded = home.load(documents[0], documents[1], environ, flags)
    expected = {**DEFAULTS}
    kinds = dict.fromkeys(FIELDS, "default")
    for kind, layer in (("file", user), ("file", file), ("environment", variables), ("flag", flags)):
        for key, value in layer.items():
            expected[key] = FIELDS[key].check(value)
            kinds[key] = kind
    assert dict(loaded.values) == expected
    assert {key: origin.kind for key, origin in loaded.origins.items()} == kinds


@st.composite
def corrupted(draw: st.DrawFn) -> tuple[bytes, str]:
    """A document with exactly one thing wrong, and the key at which it is wrong."""
    key = draw(st.sampled_from(list(FIELDS)))
    values = {**draw(partial()), key: DEFAULTS[key]}
    how = draw(st.sampled_from(["value", "name", "twice"]))
    name = key.rpartition(".")[2]
    if how == "value":
        return json.dumps(nested({**values, key: draw(bad(FIELDS[key]))})).encode(), key
    document = nested({**values, key: "@"})
    text = json.dumps(document)
    member = f'"{name}": "@"'
    assert text.count(member) == 1
    value = json.dumps(DEFAULTS[key])
    if how == "name":
        at = draw(st.integers(0, len(name)))
        wrong = name[:at] + draw(st.sampled_from("xX_9é")) + name[at:]
        return text.replace(member, f"{json.dumps(wrong)}: {value}").encode(), key.removesuffix(name) + wrong
    place = [item["phase"] for item in document.get("phases", [])]
    if key.startswith("phases."):
        key = f"phases[{place.index(int(key.split('.')[1]))}].{name}"
    return text.replace(member, f'"{name}": {value}, "{name}": {value}').encode(), key


@given(corrupted())
@settings(max_examples=200)
def test_any_single_corruption_is_refused_by_file_and_key(home_at: type[Home], broken: tuple[bytes, str]) -> None:
    content, key = broken
    with tempfile.TemporaryDirectory() as root:
        home = home_at(root)
        message = home.refuses("accepted", file=content)
        assert message.startswith(f"{home.file}: {key}: ")


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes_load_or_are_refused(home_at: type[Home], content: bytes) -> None:
    with tempfile.TemporaryDirectory() as root:
        home = home_at(root)
        try:
            home.load(file=content)
        except ConfigError as error:
            message = str(error)
        else:
            message = home.file
        assert message.startswith(home.file)
