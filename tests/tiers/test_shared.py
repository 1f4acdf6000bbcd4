"""Shared memory: two processes, owners that die, bytes that flip, room that ends."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.tiers.segment import FOLDER, Segment, attach, remove_stale, segment_path
from exosuit_cli.tiers.shared import SharedReader, SharedTier
from exosuit_cli.tiers.shared_table import HEAD_BYTES

from .places import entries, own_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOM = 1 << 22


@pytest.fixture
def name(tmp_path: Path) -> Iterator[str]:
    name = own_name(tmp_path)
    yield name
    assert not os.path.exists(segment_path(name)), "the segment is left behind"


@pytest.fixture
def tier(name: str) -> Iterator[SharedTier]:
    tier = SharedTier(name, ROOM, 10**9)
    yield tier
    tier.close()


READER = """
import sys
from exosuit_cli.tiers.shared import SharedReader
reader = SharedReader(sys.argv[1])
for line in sys.stdin:
    keys = [bytes.fromhex(key) for key in line.split()]
    found = reader.get(keys)
    print(" ".join("-" if data is None else data.hex() or "empty" for data in found), reader.tokens(keys), flush=True)
"""


class OtherProcess:
    """A process that maps the arena and answers what it reads."""

    def __init__(self, name: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def read(self, keys: list[bytes]) -> tuple[list[str], str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(" ".join(key.hex() for key in keys) + "\n")
        self.process.stdin.flush()
        found, _, tokens = self.process.stdout.readline().partition(" [")
        return found.split(), tokens.strip("]\n")

    def end(self) -> None:
        _, _ = self.process.communicate()
        assert self.process.returncode == 0


def test_another_process_reads_what_the_owner_puts(tier: SharedTier, name: str) -> None:
    some = entries(300)
    other = OtherProcess(name)
    keys = [entry.key for entry in some]
    assert other.read(keys[:2])[0] == ["-", "-"]
    tier.put(some)
    assert other.read(keys) == ([entry.data.hex() for entry in some], ", ".join(str(entry.tokens) for entry in some))
    tier.discard(keys[::2])
    tier.compact()
    assert other.read(keys)[0] == [entry.data.hex() if place % 2 else "-" for place, entry in enumerate(some)]
    tier.close()
    assert set(other.read(keys)[0]) == {"-"}
    other.end()


@pytest.mark.parametrize("bit", [0, 7])
def test_a_flipped_byte_is_a_miss_and_counted(tier: SharedTier, name: str, bit: int) -> None:
    some = entries(20)
    tier.put(some)
    reader = SharedReader(name)
    assert reader.get([some[3].key]) == [some[3].data]
    with open(segment_path(name), "r+b") as file:
        content = file.read()
        place = content.index(some[3].data) + len(some[3].data) // 2
        file.seek(place)
        file.write(bytes([content[place] ^ 1 << bit]))
    expected = [None if place == 3 else entry.data for place, entry in enumerate(some)]
    keys = [entry.key for entry in some]
    assert reader.get(keys) == expected
    assert reader.usage().damaged == 1
    assert tier.get(keys) == expected
    assert tier.usage().damaged == 1
    assert some[3].key not in tier
    assert tier.put(some) == 20
    assert tier.get(keys) == reader.get(keys) == [entry.data for entry in some]
    reader.close()


def test_every_byte_of_head_and_table_may_be_wrong(tier: SharedTier, name: str) -> None:
    """A reader gives the right bytes, a miss or an error that is meant for people, whatever the table says."""
    some = entries(8, most=100)
    tier.put(some)
    memory = attach(name)
    assert memory is not None
    sound = memory[:]
    memory.close()
    rng = np.random.default_rng(7)
    for _ in range(300):
        with open(segment_path(name), "r+b") as file:
            place = int(rng.choice([rng.integers(0, 48), HEAD_BYTES + rng.integers(0, 4096 * 32)]))
            file.seek(place)
            file.write(rng.bytes(int(rng.integers(1, 9))))
        try:
            reader = SharedReader(name)
        except ResourceMissing:
            pass
        else:
            for entry, data in zip(some, reader.get([entry.key for entry in some]), strict=True):
                assert data in {None, entry.data}
            reader.close()
        with open(segment_path(name), "r+b") as file:
            file.write(sound[: HEAD_BYTES + 4096 * 33])


def test_the_segment_of_a_killed_owner_is_removed(name: str) -> None:
    program = (
        "import sys, os, signal; from exosuit_cli.tiers.shared import SharedTier;"
        f"tier = SharedTier({name!r}, {ROOM}, 1000); print('up', flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"up\n"
    mode = os.stat(segment_path(name)).st_mode
    assert mode & 0o777 == 0o600
    with pytest.raises(FileExistsError, match="in use"):
        SharedTier(name, ROOM, 1000)
    remove_stale()
    reader = SharedReader(name)
    owner.send_signal(signal.SIGKILL)
    owner.communicate()
    assert os.path.exists(segment_path(name))
    with pytest.raises(FileNotFoundError):
        SharedReader(name)
    assert reader.get([bytes(16)]) == [None]
    reader.close()
    SharedTier(name, ROOM, 1000).close()


def test_an_owner_that_ends_without_closing_leaves_nothing(name: str) -> None:
    program = f"from exosuit_cli.tiers.shared import SharedTier; tier = SharedTier({name!r}, {ROOM}, 1000)"
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, check=True)
    assert done.stderr == b""
    assert not os.path.exists(segment_path(name))


FORK = """
import os, sys
from exosuit_cli.tiers.protocol import Entry, key_of
from exosuit_cli.tiers.shared import SharedReader, SharedTier
some = [Entry(key_of(data), data, 1) for data in (b"a" * 900, b"b" * 500, b"c")]
tier = SharedTier(sys.argv[1], 1 << 22, 1000)
tier.put(some[:2])
child = os.fork()
if not child:
    is_right = tier.put(some) == 0 and tier.get([some[0].key]) == [some[0].data]
    tier.discard([some[0].key])
    tier.close()
    os._exit(0 if is_right else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert tier.get([entry.key for entry in some]) == [some[0].data, some[1].data, None]
assert SharedReader(sys.argv[1]).get([some[0].key]) == [some[0].data]
tier.close()
"""


def test_a_fork_of_the_owner_takes_nothing_away(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", FORK, name], capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def test_what_is_not_ours_is_not_mapped(name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 8192)
    path = segment_path(name)
    os.symlink(secret, path)
    try:
        with pytest.raises(OSError, match="symbolic links"):
            attach(name)
        with pytest.raises(FileExistsError):
            Segment(name, 4096)
        remove_stale()
        assert os.path.islink(path)
    finally:
        os.unlink(path)
    os.mkfifo(path)
    try:
        with pytest.raises(PermissionError):
            attach(name)
    finally:
        os.unlink(path)
    with pytest.raises(ValueError, match="letters"):
        attach("../passwd")


def test_foreign_content_is_refused(name: str) -> None:
    segment = Segment(name, 8192)
    with pytest.raises(ResourceMissing, match="another make"):
        SharedReader(name)
    segment.close()


def test_memory_that_ends_while_it_fills(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tier = SharedTier(name, ROOM, 10**9)
    reserve, calls = os.posix_fallocate, iter(range(100))

    def full(*arguments: Any) -> None:
        if next(calls) >= 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        reserve(*arguments)

    monkeypatch.setattr(os, "posix_fallocate", full)
    many = entries(400, seed=2)
    taken = tier.put(many)
    assert 0 < taken < 400
    assert tier.get([entry.key for entry in many[:taken]]) == [entry.data for entry in many[:taken]]
    monkeypatch.setattr(os, "posix_fallocate", reserve)
    assert tier.put(many) == 400
    tier.close()


def test_no_memory_at_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        SharedTier(name, ROOM, 1000)


def test_compaction_gives_memory_back(tier: SharedTier, name: str) -> None:
    some = entries(1200, least=400)
    taken = tier.put(some)
    keys = [entry.key for entry in some[:taken]]
    full = tier.usage()
    assert full.wasted_bytes < full.used_bytes * 0.25
    tier.discard([key for place, key in enumerate(keys) if place % 4])
    kept = [entry for place, entry in enumerate(some[:taken]) if place % 4 == 0]
    before = os.stat(segment_path(name)).st_blocks * 512
    wasted = tier.usage().wasted_bytes
    freed = tier.compact()
    after = os.stat(segment_path(name)).st_blocks * 512
    assert freed > full.used_bytes // 3
    assert before - after == freed
    assert tier.usage().wasted_bytes == wasted - freed
    assert tier.get([entry.key for entry in kept]) == [entry.data for entry in kept]
    assert tier.compact() == 0
    assert tier.put(some[:taken]) == taken


def test_churn_keeps_arena_and_table_whole(tier: SharedTier, name: str) -> None:
    """Sizes come and go for long; the table is written anew when it is worn, and readers find what is there."""
    reader = SharedReader(name)
    rng = np.random.default_rng(3)
    pool = entries(3000, least=64)
    held: dict[bytes, bytes] = {}
    for _ in range(60):
        batch = [pool[place] for place in rng.integers(0, len(pool), 200)]
        taken = tier.put(batch)
        held |= {entry.key: entry.data for entry in batch[:taken]}
        gone = [key for key in held if rng.random() < (0.2 if taken == 200 else 0.5)]
        tier.discard(gone)
        for key in gone:
            del held[key]
        assert tier.usage().data_bytes == sum(map(len, held.values()))
    keys = [entry.key for entry in pool]
    expected = [held.get(key) for key in keys]
    assert tier.get(keys) == expected
    assert reader.get(keys) == expected
    reader.close()


def test_pages_are_locked_for_a_card(name: str) -> None:
    class Card:
        def __init__(self) -> None:
            self.calls: list[Any] = []

        def pin(self, memory: Any) -> None:
            self.calls.append(("pin", memory.nbytes))

        def unpin(self, memory: Any) -> None:
            self.calls.append(("unpin", memory.nbytes))

    card: Any = Card()
    tier = SharedTier(name, ROOM, 1000, card=card)
    assert tier.note is None
    assert tier.compact() == 0
    tier.close()
    assert [call for call, _ in card.calls] == ["pin", "unpin"]


def test_pages_that_cannot_be_locked_are_used_all_the_same(name: str) -> None:
    class Card:
        def pin(self, memory: Any) -> None:
            raise ResourceMissing("device cuda:0: no more pages")

    card: Any = Card()
    tier = SharedTier(name, ROOM, 10**6, card=card)
    assert tier.note is not None
    assert "no more pages" in tier.note
    some = entries(10)
    assert tier.put(some) == 10
    tier.close()


def test_the_folder_is_the_one_of_the_system() -> None:
    assert Path(FOLDER).is_dir()
