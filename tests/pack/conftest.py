from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.pack import PackOptions, PackOutput, PackResult, pack
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter

Packed = tuple[bytes, PackResult]


@pytest.fixture(scope="session")
def oracles() -> dict[str, TokenCounter]:
    """Counters of another package than the one that packs, by encoding."""
    return {name: load_counter(name, "toktok") for name in ("o200k_base", "cl100k_base")}


@pytest.fixture
def packed(oracles: dict[str, TokenCounter]) -> Callable[..., Packed]:
    """Pack a tree in memory, and hold the count against the bytes."""

    def make(tree: Path, *, workers: int = 1, **options: Any) -> Packed:
        file = io.BytesIO()
        passed = {
            name: options.pop(name) for name in ("template", "instructions", "changes", "names") if name in options
        }
        result = pack(tree, PackOptions(**options), ScanOptions(workers=workers), PackOutput(file), **passed)
        text = file.getvalue()
        text.decode()  # whatever the files hold, the pack is UTF-8
        assert result.bytes == len(text)
        assert result.tokens == oracles[result.scan.encoding or ""].count(text)
        return text, result

    return make


@pytest.fixture
def project_tree(tmp_path: Path) -> Path:
    """A small project in several languages, with a binary file, an empty one, and one that is not in UTF-8."""
    root = tmp_path / "project"
    body = "".join(f"    total += {number} * step  # a line of the body\n" for number in range(30))
    files = {
        "README.md": "# A project\n\nWhat it is for.\n\n## Use\n\n" + "Some words on how to use it.\n" * 20,
        "pyproject.toml": '[project]\nname = "project"\n',
        "src/app.py": f'"""The app."""\n\n\ndef run(step: int) -> int:\n    """Run it."""\n{body}    return total\n',
        "src/deep/lib.c": "/* What it does. */\nint lib(int step)\n{\n" + "\tstep += 3;\n" * 40 + "\treturn step;\n}\n",
        "src/main.js": "// The start.\nexport class Main {\n  run(a) {\n"
        + "    a += 1\n" * 40
        + "    return a\n  }\n}\n",
        "docs/guide.md": "# Guide\n\n" + "How it is done, at length.\n" * 60,
        "tests/test_app.py": "def test_run():\n" + "    assert True\n" * 60,
        "package-lock.json": '{"a": [' + "1, " * 300 + "1]}\n",
        "no_newline.txt": "the end has no newline",
        "empty.txt": "",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "picture.bin").write_bytes(b"\0\1" * 50)
    (root / "latin.txt").write_bytes(b"caf\xe9 au lait\n")
    (root / "wide.txt").write_bytes("\ufeffwide text\n".encode("utf-16-le"))
    return root
