"""All layers of settings put together: later layers win key by key, and the outcome is checked as a whole."""

from __future__ import annotations

import math
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from exosuit_cli.config.fields import shown
from exosuit_cli.config.layers import (
    Layer,
    Origin,
    environment_layer,
    file_layer,
    flag_layer,
    parse_document,
    read_file,
)
from exosuit_cli.config.places import default_config_file, user_config_file
from exosuit_cli.config.schema import DECLARED, FIELDS, PHASE_COUNT, Settings, build_settings
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.config.fields import Value

_TOLERANCE: Final = 1e-3
"""A multiplier may be rounded by a person: 78.1 stands for 78.125."""


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of `exosuit config show`."""

    key: str
    value: Value
    origin: Origin


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and for every dotted key the value and where it came from."""

    settings: Settings
    values: Mapping[str, Value]
    origins: Mapping[str, Origin]

    def rows(self) -> list[SettingRow]:
        """Every setting in the order of the schema, sizes in bytes."""
        return [SettingRow(key, self.values[key], self.origins[key]) for key in FIELDS]


def load_settings(
    config_file: str | None = None,
    overrides: Mapping[str, object] | None = None,
    environ: Mapping[str, str] | None = None,
) -> LoadedSettings:
    """Load the settings: flags > `EXOSUIT_*` > `config_file` > the user's file > the packaged default, key by key.

    The working directory and the scanned tree are never looked at. A layer may hold any part of the settings. Two
    settings follow others unless a layer at least as strong as theirs gives them: `current_token_limit` is the limit of
    `current_phase`, and `improvement_multiplier` is `target_token_limit` / `baseline_token_limit`. So
    `EXOSUIT_CURRENT_PHASE=3` is enough to change the limit, while a layer that gives both must give a pair that agrees.

    Args:
        config_file: the file of `--config`; it must exist. A pipe is accepted.
        overrides: dotted key to the value of a flag; None means not given, a string is read like a variable's text.
        environ: the environment, `os.environ` by default; also says where the user's file is.

    Raises:
        ConfigError: naming the file, variable or flag, the dotted key, the value and what is accepted.

    """
    environ = os.environ if environ is None else environ
    layers = [default_layer()]
    user = user_config_file(environ)
    if user is not None and (content := read_file(user, demanded=False)) is not None:
        layers.append(file_layer(parse_document(content, user), user))
    if config_file is not None and (content := read_file(config_file, demanded=True)) is not None:
        layers.append(file_layer(parse_document(content, config_file), config_file))
    layers.append(environment_layer(environ))
    layers.append(flag_layer(overrides or {}))
    return merge_layers(layers)


def default_layer() -> Layer:
    """The defaults of all settings: from the declarations of options, all others from the packaged file.

    Raises ConfigError when the installation is damaged.
    """
    path = default_config_file()
    content = read_file(path, demanded=True) or b""
    layer = {
        **{each.key: (cast("Value", each.default), Origin("default", path)) for each in DECLARED},
        **file_layer(parse_document(content, path), path, "default"),
    }
    for key in FIELDS:
        if key not in layer:
            raise ConfigError(f"{path}: {key}: missing from the packaged default; install exosuit-cli again")
    return layer


def merge_layers(layers: Sequence[Layer]) -> LoadedSettings:
    """Merge layers, the weakest first and complete, and check that the outcome agrees. Raises ConfigError."""
    values: dict[str, Value] = {}
    origins: dict[str, Origin] = {}
    strength: dict[str, int] = {}
    for rank, layer in enumerate(layers):
        for key, (value, origin) in layer.items():
            values[key], origins[key], strength[key] = value, origin, rank
    _derive(values, origins, strength)
    _check_agreement(values, origins)
    return LoadedSettings(build_settings(values), MappingProxyType(values), MappingProxyType(origins))


def _derive(values: dict[str, Value], origins: dict[str, Origin], strength: Mapping[str, int]) -> None:
    phase = values["current_phase"]
    if phase is None:
        if strength["current_token_limit"] < strength["current_phase"]:
            values["current_token_limit"] = None
            origins["current_token_limit"] = Origin("derived", "no phase")
    else:
        limit = f"phases.{phase}.token_limit"
        if strength["current_token_limit"] < max(strength["current_phase"], strength[limit]):
            values["current_token_limit"] = values[limit]
            origins["current_token_limit"] = Origin("derived", f"phase {phase}")
    pair = ("target_token_limit", "baseline_token_limit")
    if strength["improvement_multiplier"] < max(strength[key] for key in pair):
        target, baseline = (_number(values, key) for key in pair)
        values["improvement_multiplier"] = target / baseline
        origins["improvement_multiplier"] = Origin("derived", " / ".join(pair))


def _number(values: Mapping[str, Value], key: str) -> int:
    return cast("int", values[key])


def _check_agreement(values: Mapping[str, Value], origins: Mapping[str, Origin]) -> None:
    def told(key: str) -> str:
        origin = origins[key]
        value = shown(None) if values[key] is None else values[key]
        return f"{key} {value} ({origin.name if origin.kind == 'default' else origin})"

    limits = [_number(values, f"phases.{number}.token_limit") for number in range(PHASE_COUNT)]
    for number in range(1, PHASE_COUNT):
        if limits[number] < limits[number - 1]:
            lower, upper = (told(f"phases.{at}.token_limit") for at in (number - 1, number))
            raise ConfigError(f"{upper} is under {lower}; accepted: limits that never fall from phase to phase")
    phase, limit = values["current_phase"], values["current_token_limit"]
    expected = None if phase is None else limits[int(phase)]
    if limit != expected:
        matching = [str(number) for number in range(PHASE_COUNT) if limits[number] == limit]
        other = f", or set current_phase to {' or '.join(matching)}" if matching else ""
        raise ConfigError(
            f"{told('current_token_limit')} is not the limit of {told('current_phase')}; "
            f"accepted: {shown(expected)}; leave current_token_limit out or set it to that{other}"
        )
    target, baseline = _number(values, "target_token_limit"), _number(values, "baseline_token_limit")
    if target < baseline:
        raise ConfigError(
            f"{told('target_token_limit')} is under {told('baseline_token_limit')}; accepted: {baseline} or more"
        )
    if not math.isclose(cast("float", values["improvement_multiplier"]), target / baseline, rel_tol=_TOLERANCE):
        raise ConfigError(
            f"{told('improvement_multiplier')} is not {told('target_token_limit')} / {told('baseline_token_limit')}; "
            f"accepted: {target / baseline:g}; leave improvement_multiplier out or set it to that"
        )
