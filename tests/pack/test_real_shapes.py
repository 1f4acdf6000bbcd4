"""A JavaScript package as a registry gives it, and a Python project, under every budget and with a question."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from exosuit_cli.pack import PackResult

    Packed = Callable[..., tuple[bytes, PackResult]]

BODY = "".join(f"  total += weigh({n}, options.step) // a step of the work\n" for n in range(40))
PACKAGE = {
    "package.json": b'{"name": "small", "version": "1.0.0", "main": "index.js", "license": "MIT"}\n',
    "LICENSE": b"The MIT License\n" + b"Permission is hereby granted, free of charge.\n" * 20,
    "Readme.md": b"# small\n\nSends answers.\n\n```js\nconst small = require('small')\n```\n" * 10,
    "index.js": b"'use strict'\nmodule.exports = require('./lib/answer')\n",
    "lib/answer.js": (
        f"'use strict'\nconst weigh = require('./weigh')\n\n/** Sends JSON. */\nfunction sendJson(options) {{\n"
        f"  let total = 0\n{BODY}  return total\n}}\nmodule.exports = {{ sendJson }}\n"
    ).encode(),
    "lib/weigh.js": b"module.exports = function weigh(n, step) {\n  return n * step\n}\n",
    "dist/small.min.js": b"!function(){" + b"var a=1;" * 3000 + b"}();",
}
PROJECT = {
    "pyproject.toml": b'[project]\nname = "small"\n',
    "README.rst": b"Small\n=====\n\nRoutes URLs to views.\n" * 10,
    **{
        f"src/small/part_{n}.py": (
            f'"""Part {n}."""\n\nfrom .routing import match_url_{n}\n\n\nclass View{n}:\n    """A view."""\n\n'
            + "".join(f"    def method_{m}(self, url):\n        return match_url_{n}(url, {m})\n\n" for m in range(40))
        ).encode()
        for n in range(30)
    },
    "src/small/routing.py": b"".join(b"def match_url_%d(url, n):\n    return url, n\n\n\n" % n for n in range(30)),
    "src/small/static/logo.png": b"\x89PNG\0" * 20,
    "tests/test_routing.py": b"def test_match():\n    assert True\n" * 50,
}


def _unpacked(files: Mapping[str, bytes], place: Path) -> Path:
    """The files as npm packs them, below `package/` in a tar archive, and unpacked again."""
    archive = place / "small-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    with tarfile.open(archive) as tar:
        for entry in tar:  # not `extractall`: before 3.11.4 it has no filter, and later it warns without one
            packed = tar.extractfile(entry)
            assert packed is not None
            write(place, {entry.name: packed.read()})
    return place / "package"


@pytest.mark.parametrize("shape", ["npm", "python"])
def test_every_budget_is_kept_exactly(shape: str, packed: Packed, tmp_path: Path) -> None:
    if shape == "npm":
        tree = _unpacked(PACKAGE, tmp_path)
    else:
        tree = tmp_path / "project"
        write(tree, PROJECT)
    details: list[Any] = []
    for budget in (1_000, 8_000, 128_000, 0):  # `packed` recounts with another counter
        text, result = packed(tree, budget=budget)
        assert not budget or result.tokens <= budget
        assert len(result.files) == sum(not name.endswith(".png") for name in (PACKAGE if shape == "npm" else PROJECT))
        details.append([file.detail for file in result.files])
    assert details[2] == details[3]
    assert all(small <= large for small, large in zip(details[0], details[2], strict=True))
    assert b"dist/small.min.js" in text or shape == "python"
