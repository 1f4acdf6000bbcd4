"""The settings: what each one is, what it accepts, and the frozen records that the program works with."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.config.fields import Field, Value
from exosuit_cli.config.option import declared, filled
from exosuit_cli.config.options import ScanDefaults, WalkOptions
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PHASE_COUNT: Final = 9
LAYER_NAMES: Final = ("gpu_vram", "shared_memory", "system_ram", "nvme_ssd", "archive")
"""The memory layers, fastest first."""

BYTES_PER_GB: Final = 10**9
_MOST_TOKENS: Final = 10**12

DECLARED: Final = tuple(each for each in (*declared(ScanDefaults), *declared(WalkOptions)) if each.is_setting)
"""The options that are settings as well: `scan.*`."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A token limit with its settings. Limits count in decimal thousands: 128K is 128,000 tokens, 1M is 1,000,000."""

    phase: int
    name: str
    token_limit: int
    batch_files: int
    stable_under_load: bool


@dataclass(frozen=True, slots=True)
class MemoryLayer:
    """The budget of one tier: full at whichever of the two capacities comes first; a capacity of 0 turns it off."""

    name: str
    capacity_gb: float
    token_capacity: int
    priority: str
    compression: str
    eviction_policy: str
    dynamic_allocation: bool

    @property
    def capacity_bytes(self) -> int:
        """The capacity in bytes; a GB is 10^9 bytes."""
        return int(self.capacity_gb * BYTES_PER_GB)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings, checked: the current limit is the current phase's, the multiplier is target / baseline.

    `current_phase` and `current_token_limit` are None until somebody sets a phase: memory alone is the limit then.
    """

    current_phase: int | None
    current_token_limit: int | None
    baseline_token_limit: int
    improvement_multiplier: float
    target_token_limit: int
    phase_load_share: float
    memory_layers: tuple[MemoryLayer, ...]
    phases: tuple[Phase, ...]
    scan: ScanDefaults

    @property
    def phase(self) -> Phase | None:
        """The current phase; None where none is set."""
        return None if self.current_phase is None else self.phases[self.current_phase]

    @property
    def batch_files(self) -> int:
        """The most files in one batch: as the current phase has it, else the default of the option."""
        return self.scan.batch_files if self.phase is None else self.phase.batch_files

    def layer(self, name: str) -> MemoryLayer:
        """Return the memory layer of one of `LAYER_NAMES`."""
        return self.memory_layers[LAYER_NAMES.index(name)]


def _top_fields() -> Iterator[Field]:
    last = PHASE_COUNT - 1
    yield Field(
        "current_phase",
        "integer",
        "the phase in force, as `exosuit phase set` writes it",
        0,
        last,
        flag="--phase",
        optional=True,
    )
    yield Field(
        "current_token_limit",
        "integer",
        "its limit in tokens; follows the phase when left out",
        1,
        _MOST_TOKENS,
        optional=True,
    )
    yield Field(
        "baseline_token_limit", "integer", "the limit that improvement is measured from, in tokens", 1, _MOST_TOKENS
    )
    yield Field("improvement_multiplier", "number", "target / baseline; follows them when left out", 1, _MOST_TOKENS)
    yield Field("target_token_limit", "integer", "the limit to reach, in tokens", 1, _MOST_TOKENS)
    yield Field(
        "phase_load_share", "number", "files/s that prove a phase, as a share of the baseline's; 0: any rate does", 0, 1
    )


def _layer_fields(prefix: str) -> Iterator[Field]:
    priorities = ("hot", "warm", "cold", "persistent", "archive")
    policies = ("lru", "lfu", "fifo", "score", "none")
    yield Field(prefix + "capacity_gb", "number", "byte budget in GB of 10^9 bytes; 0 turns the layer off", 0, 10**6)
    yield Field(prefix + "token_capacity", "integer", "token budget; 0 turns the layer off", 0, _MOST_TOKENS)
    yield Field(prefix + "priority", "choice", "the place in the order of promotion", choices=priorities)
    yield Field(prefix + "compression", "choice", "how a chunk is packed here", choices=("none", "zstd"))
    yield Field(prefix + "eviction_policy", "choice", "what leaves a full layer first; none: nothing", choices=policies)
    yield Field(prefix + "dynamic_allocation", "boolean", "take memory as it fills, instead of at the start")


def _phase_fields(prefix: str) -> Iterator[Field]:
    yield Field(prefix + "name", "text", "the name in reports", 1, 40)
    yield Field(prefix + "token_limit", "integer", "the limit in tokens, in decimal thousands", 1, _MOST_TOKENS)
    yield Field(prefix + "batch_files", "integer", "the most files in one batch", 1, 1_000_000)
    yield Field(prefix + "stable_under_load", "boolean", "the phase asks for proof of stability under load")


def _scan_fields() -> Iterator[Field]:
    for each in DECLARED:
        assert each.kind != "count"
        assert each.kind != "texts"
        assert each.kind != "tokens"
        yield Field(each.key, each.kind, each.help, each.low, each.high, each.choices)


def _all_fields() -> Iterator[Field]:
    yield from _top_fields()
    for name in LAYER_NAMES:
        yield from _layer_fields(f"memory_layers.{name}.")
    for number in range(PHASE_COUNT):
        yield from _phase_fields(f"phases.{number}.")
    yield from _scan_fields()


FIELDS: Final[Mapping[str, Field]] = MappingProxyType({field.key: field for field in _all_fields()})
"""Every setting by its dotted key, in the order in which they are shown. `phases.3.token_limit` is that of phase 3."""

VARIABLES: Final[Mapping[str, Field]] = MappingProxyType({field.variable: field for field in FIELDS.values()})
"""Every setting by its environment variable."""


def build_settings(values: Mapping[str, Value]) -> Settings:
    """Make the records from a value for every key of `FIELDS`; the values are taken as checked."""
    tree: dict[str, dict[str, Any]] = {}
    for key in FIELDS:
        group, _, name = key.rpartition(".")
        tree.setdefault(group, {})[name] = values[key]
    return Settings(
        **tree[""],
        memory_layers=tuple(MemoryLayer(name, **tree[f"memory_layers.{name}"]) for name in LAYER_NAMES),
        phases=tuple(Phase(number, **tree[f"phases.{number}"]) for number in range(PHASE_COUNT)),
        scan=filled(ScanDefaults, tree["scan"], walk=filled(WalkOptions, tree["scan"])),
    )
