from __future__ import annotations

import json
import math
import typing
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from exosuit_cli.config import FIELDS, LAYER_NAMES, VARIABLES, Field, MemoryLayer, Phase, ScanDefaults, Settings, Value
from exosuit_cli.config.fields import InvalidValue, did_you_mean, shown
from exosuit_cli.config.load import default_config_file, load_settings
from exosuit_cli.config.option import declared
from exosuit_cli.config.options import WalkOptions
from exosuit_cli.config.schema import build_settings

DEFAULTS = load_settings(environ={})
TYPES: dict[str, type] = {"integer": int, "size": int, "number": float, "boolean": bool}
EVERY_FIELD = pytest.mark.parametrize("field", FIELDS.values(), ids=list(FIELDS))
WRONG: dict[str, list[object]] = {
    "integer": [True, 1.0, "1", None, [1], {}, math.nan, math.inf],
    "number": [True, "1", None, [1], {}, math.nan, math.inf, -math.inf],
    "size": [True, 65536.0, "", "1.5", "-1", "a lot", None, [65536], {}, math.nan],
    "boolean": [0, 1, "true", None, [], {}, math.nan],
    "choice": ["", "NONE", "zst", 0, True, None, []],
    "text": ["", "x" * 41, "a\nb", "\ud800", "\x1b[31m", 1, True, None, []],
    "encoding": ["", "o200k", "gpt", "gpt-4q", "GPT-4o", "p50k_base", "text-davinci-003", 0, True, None, []],
    "device": [
        "",
        "gpu",
        "gpu:0",
        "cuda:",
        "cuda:0,",
        "cuda:1,1",
        "cuda:0, 1",
        "cuda:-1",
        "cuda:00",
        "cuda:1000",
        "cuda:٣",
        "CPU",
        0,
        None,
    ],
}


def at(settings: Settings, key: str) -> object:
    """The value that the records hold for a dotted key."""
    match key.split("."):
        case ["memory_layers", name, attribute]:
            return getattr(settings.layer(name), attribute)
        case ["phases", number, attribute]:
            return getattr(settings.phases[int(number)], attribute)
        case ["scan", attribute]:
            walk = settings.scan.walk
            if any(each.name == attribute for each in declared(type(walk))):
                return getattr(walk, attribute)
            return getattr(settings.scan, "use_index" if attribute == "index" else attribute)
        case [attribute]:
            return getattr(settings, attribute)
    raise AssertionError(key)


def test_the_phases_are_these_in_decimal_thousands() -> None:
    assert [(phase.phase, phase.token_limit) for phase in DEFAULTS.settings.phases] == [
        (0, 128_000),
        (1, 256_000),
        (2, 512_000),
        (3, 1_000_000),
        (4, 1_000_000),
        (5, 2_000_000),
        (6, 5_000_000),
        (7, 8_000_000),
        (8, 10_000_000),
    ]
    assert [phase.phase for phase in DEFAULTS.settings.phases if phase.stable_under_load] == [4]
    assert {phase.batch_files for phase in DEFAULTS.settings.phases} == {800}


def test_no_phase_is_set_until_somebody_sets_one() -> None:
    settings = DEFAULTS.settings
    assert (settings.phase, settings.current_phase, settings.current_token_limit) == (None, None, None)
    assert settings.batch_files == settings.scan.batch_files == 800
    phases = (replace(settings.phases[0], batch_files=7), *settings.phases[1:])
    chosen = replace(settings, current_phase=0, current_token_limit=128_000, phases=phases)
    assert chosen.phase is phases[0]
    assert chosen.batch_files == 7


def test_none_is_accepted_for_an_optional_setting_only() -> None:
    for field in FIELDS.values():
        if field.optional:
            assert field.check(None) is None
            assert {field.parse(text) for text in ("none", " None ", "null")} == {None}
            assert field.accepted.endswith("or null for none")
    assert [key for key, field in FIELDS.items() if field.optional] == ["current_phase", "current_token_limit"]


def test_the_default_file_keeps_the_keys_that_other_programs_read() -> None:
    with open(default_config_file(), encoding="utf-8") as file:
        document = json.load(file)
    assert list(document)[:6] == [
        "current_phase",
        "current_token_limit",
        "baseline_token_limit",
        "improvement_multiplier",
        "target_token_limit",
        "memory_layers",
    ]
    assert tuple(document["memory_layers"]) == LAYER_NAMES
    for layer in document["memory_layers"].values():
        assert list(layer) == [
            "capacity_gb",
            "token_capacity",
            "priority",
            "compression",
            "eviction_policy",
            "dynamic_allocation",
        ]
    assert document["improvement_multiplier"] == document["target_token_limit"] / document["baseline_token_limit"]


def test_the_records_hold_the_value_of_every_key() -> None:
    for key, value in DEFAULTS.values.items():
        assert at(DEFAULTS.settings, key) == value


def test_each_value_reaches_its_own_place() -> None:
    for number, key in enumerate(FIELDS):
        changed: dict[str, Value] = {**DEFAULTS.values, key: 10**15 + number}
        built = build_settings(changed)
        if key == "current_phase":
            assert built.current_phase == changed[key]
        else:
            assert at(built, key) == changed[key]


def test_the_records_have_the_types_of_the_table() -> None:
    groups: list[tuple[str, type]] = [
        ("", Settings), ("memory_layers.archive", MemoryLayer), ("phases.8", Phase), ("scan", ScanDefaults),
        ("scan", WalkOptions),
    ]  # fmt: skip
    checked = set()
    for group, record in groups:
        hints = typing.get_type_hints(record)
        for field in fields(record):
            if group == "scan" and "option" not in field.metadata:
                continue  # not what a setting fills
            key = f"{group}.{field.name.removeprefix('use_')}".lstrip(".")
            if key in FIELDS:
                kind = TYPES.get(FIELDS[key].kind, str)
                assert hints[field.name] in (kind, kind | None), key  # no encoding: no tokens are counted
                if FIELDS[key].optional:
                    assert (hints[field.name], DEFAULTS.values[key]) == (kind | None, None), key
                else:
                    assert type(DEFAULTS.values[key]) is kind, key
                checked.add(key)
    assert {key for key in FIELDS if key.startswith("scan.")} <= checked


def test_the_records_are_frozen() -> None:
    for record in (
        DEFAULTS.settings,
        DEFAULTS.settings.scan,
        DEFAULTS.settings.phases[0],
        DEFAULTS.settings.layer("archive"),
    ):
        with pytest.raises(FrozenInstanceError):
            setattr(record, fields(record)[0].name, 0)
        assert not hasattr(record, "__dict__")
    assert hash(DEFAULTS.settings) == hash(replace(DEFAULTS.settings))


def test_a_gigabyte_is_a_thousand_million_bytes() -> None:
    assert replace(DEFAULTS.settings.layer("archive"), capacity_gb=1.5).capacity_bytes == 1_500_000_000


def test_every_key_has_its_own_variable_and_a_help() -> None:
    assert len(VARIABLES) == len(FIELDS)
    assert FIELDS["memory_layers.gpu_vram.capacity_gb"].variable == "EXOSUIT_MEMORY_LAYERS_GPU_VRAM_CAPACITY_GB"
    assert FIELDS["scan.encoding"].variable == "EXOSUIT_SCAN_ENCODING"
    assert all(field.help and field.accepted for field in FIELDS.values())


def test_flags_are_named_as_they_are_typed() -> None:
    assert FIELDS["scan.max_file_size"].flag_for(1) == "--max-file-size"
    assert FIELDS["scan.index"].flag_for(True) == "--index"
    assert FIELDS["scan.index"].flag_for(False) == "--no-index"
    assert FIELDS["scan.workers"].flag_for(0) == "--workers"
    assert FIELDS["current_phase"].flag_for(3) == "--phase"
    assert FIELDS["phases.3.batch_files"].flag_for(3) == "--set phases.3.batch_files"


@EVERY_FIELD
def test_the_bounds_are_accepted_and_what_lies_beyond_is_not(field: Field) -> None:
    if field.kind in ("integer", "number", "size"):
        assert field.check(field.low) == field.low
        assert field.check(field.high) == field.high
        for beyond in (field.low - 1, field.high + 1, 10**400, -(10**400)):
            with pytest.raises(InvalidValue, match="out of range"):
                field.check(beyond)
        assert str(field.high) in field.accepted or field.kind == "size"
    for choice in field.choices:
        assert field.check(choice) == choice
        assert choice in field.accepted


@EVERY_FIELD
def test_a_value_of_the_wrong_type_is_refused(field: Field) -> None:
    for value in WRONG[field.kind]:
        if value is None and field.optional:
            continue
        with pytest.raises(InvalidValue):
            field.check(value)


@EVERY_FIELD
def test_a_variable_holds_any_accepted_value_as_text(field: Field) -> None:
    default = DEFAULTS.values[field.key]
    text = str(default).lower() if isinstance(default, bool) else str(default)
    assert field.parse(text) == default
    assert field.parse(f" {text} ") == default


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("scan.top", "+5", 5),
        ("baseline_token_limit", "128_000", 128_000),
        ("improvement_multiplier", "7.8e1", 78.0),
        ("scan.max_file_size", "1.5K", 1536),
        ("scan.max_file_size", "0", 0),
        ("scan.device", "cuda:12", "cuda:12"),
        ("scan.device", "cuda:1,0", "cuda:1,0"),
        ("scan.device", "cuda", "cuda:0"),
        ("scan.encoding", "cl100k_base", "cl100k_base"),
        ("scan.encoding", "gpt-4o", "o200k_base"),
        ("scan.encoding", "gpt-4-0613", "cl100k_base"),
        *[("scan.index", text, True) for text in ("true", "True", "1", "yes", "ON")],
        *[("scan.index", text, False) for text in ("false", "FALSE", "0", "no", "off")],
    ],
)
def test_text_forms(key: str, text: str, value: object) -> None:
    parsed = FIELDS[key].parse(text)
    assert (parsed, type(parsed)) == (value, type(value))


@pytest.mark.parametrize(
    ("key", "text"),
    [
        *[
            ("scan.top", text)
            for text in ("", " ", "3.0", "1e3", "0x10", "٣", "1__0", "9" * 5000, "-1", "10001", "true")
        ],
        *[("improvement_multiplier", text) for text in ("", "nan", "inf", "-inf", "1e999", "0.5", "x")],
        *[("scan.index", text) for text in ("", "2", "y", "truee", "None")],
        *[("scan.slab_bytes", text) for text in ("", "1K", "2G", "99999999999TB", "1.5")],
        *[("scan.encoding", text) for text in ("", "o200k", "O200K_BASE")],
    ],
)
def test_text_that_is_not_accepted(key: str, text: str) -> None:
    with pytest.raises(InvalidValue):
        FIELDS[key].parse(text)


def test_messages_stay_short_and_printable() -> None:
    for value in ("\x1b[2J\n" * 1000, 10**400, [0] * 10**6, {"a": 1}, True, None, "\ud800", 1e300):
        text = shown(value)
        assert text.isprintable()
        assert len(text) <= 61


def test_did_you_mean() -> None:
    assert did_you_mean("encodng", ("hash", "encoding")) == " (did you mean encoding?)"
    assert did_you_mean("zzz", ("hash", "encoding")) == ""
    assert did_you_mean("zzz", ("hash", "zq"), cutoff=0.0) == " (did you mean zq?)"
