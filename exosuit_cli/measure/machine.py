"""Which machine this is. Figures of another machine are no baseline."""

from __future__ import annotations

import glob
import hashlib
import os
import platform
from dataclasses import asdict

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.processors import usable_processors


@dataclass(frozen=True, slots=True)
class Machine:
    """What figures depend on; `identity` distinguishes equal machines and does not reveal the machine's id."""

    identity: str | None
    system: str
    kernel: str
    architecture: str
    processor: str
    processors: int
    memory_bytes: int
    gpus: tuple[str, ...]
    python: str

    @property
    def fingerprint(self) -> str:
        """16 hex digits over all of it: equal fingerprints are the same machine in the same state of installation."""
        text = "\n".join(f"{name}={value}" for name, value in asdict(self).items())
        return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def this_machine() -> Machine:
    """Read it from the system. Memory counts in whole GiB: a virtual machine's moves by some pages at every start."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        identity=_identity(),
        system=platform.system(),
        kernel=platform.release(),
        architecture=platform.machine(),
        processor=_processor(),
        processors=usable_processors(),
        memory_bytes=round(memory / (1 << 30)) << 30,
        gpus=_gpus(),
        python=platform.python_version(),
    )


def _identity() -> str | None:
    # machine-id(5) asks that the id itself is not shown: a keyed digest of it is.
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            with open(path, "rb") as file:
                text = file.read(64).strip()
        except OSError:
            continue
        if text:
            return hashlib.blake2b(text[:64], key=b"exosuit bench", digest_size=8).hexdigest()
    return None


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            lines = [line.partition(":")[::2] for line in file]
    except OSError:
        return platform.processor() or "unknown"
    found = {key.strip(): value.strip() for key, value in reversed(lines)}
    names = [found[key] for key in ("vendor_id", "cpu family", "model", "model name", "CPU part") if key in found]
    return " ".join(names) or platform.processor() or "unknown"


def _gpus() -> tuple[str, ...]:
    found = []
    for path in sorted(glob.glob("/proc/driver/nvidia/gpus/*/information")):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found += [line.partition(":")[2].strip() for line in file if line.startswith("Model:")]
        except OSError:
            continue
    return tuple(found)
