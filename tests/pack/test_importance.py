"""Source code comes by importance where a budget does not hold all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.importance import READ_BYTES, by_importance, read_for_uses, users_of
from exosuit_cli.pack.ranks import LEAD, SOURCE, TEST
from exosuit_cli.pack.result import PackedFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.pack import PackResult


def _file(path: str, size: int) -> PackedFile:
    return PackedFile(path.encode(), size, 1, 1, "Python", Detail.PATH)


def test_users_are_the_other_files_that_use_a_name_which_few_define() -> None:
    texts = [
        (0, "Python", b"class Engine:\n    pass\n\n\ndef main():\n    Engine()\n"),
        (1, "Python", b"import core\n\n\ndef main():\n    return core.Engine()\n"),
        (2, "Python", b"def main():\n    return Engines\n"),
        (4, "Go", b"package a\n\nfunc run() { Engine{} }\n"),
    ]
    assert users_of(texts) == {0: 2, 1: 0, 2: 0, 4: 0}


def test_uses_then_size_then_depth_make_the_order() -> None:
    files = [_file("a/b/c/deep.py", 900), _file("a/big.py", 900), _file("scripts/x.py", 9000), _file("z.py", 100)]
    files.append(_file("README.md", 1))
    ranks = [SOURCE] * 4 + [LEAD]
    assert by_importance(files, ranks, {}) == [4, 1, 0, 3, 2]
    assert by_importance(files, ranks, {3: 9}) == [4, 3, 1, 0, 2]


def test_no_more_is_read_than_a_bound() -> None:
    files = [_file(f"{number}.py", READ_BYTES // 8) for number in range(20)] + [_file("huge.py", READ_BYTES)]
    files += [_file(f"test_{number}.py", READ_BYTES // 8) for number in range(9)]
    ranks = [SOURCE] * 21 + [TEST] * 9
    assert read_for_uses(files, ranks) == [*range(8), 21, 22]


def test_what_others_use_has_detail_and_the_pack_stays_in_order(
    packed: Callable[..., tuple[bytes, PackResult]], tmp_path: Path
) -> None:
    for number in range(30):
        body = "".join(f"def helper_{number}_{each}() -> None:\n    Kernel()\n\n\n" for each in range(20))
        (tmp_path / f"a{number:02}.py").write_text(body)
    (tmp_path / "zz_kernel.py").write_text("class Kernel:\n" + "    x = 1\n" * 50)
    text, result = packed(tmp_path, budget=900)
    detailed = [file.path for file in result.files if file.detail > Detail.PATH]
    assert b"zz_kernel.py" in detailed
    assert detailed == sorted(detailed)
    assert result.tokens <= 900
    assert packed(tmp_path, budget=900, workers=2)[0] == text
