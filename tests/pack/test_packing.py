"""Whole packs of a small project, recounted: budgets, parts, templates, and what stays the same."""

from __future__ import annotations

import io
import re
import signal
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.pack import Detail, PackOptions, PackOutput, pack
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter
    from tests.pack.conftest import Packed

_KEY = "AKIA" + "QWERTYUIOP" + "ASDFGH"


def _details(packed: Packed) -> dict[str, str]:
    return {file.path.decode(): file.detail.label for file in packed[1].files}


def test_everything_is_in_a_pack_without_a_limit(packed: Callable[..., Packed], project_tree: Path) -> None:
    text, result = packed(project_tree, instructions="Say what it does.\n")
    assert set(_details((text, result)).values()) == {"full"}
    assert text.endswith(b"<instructions>\nSay what it does.\n</instructions>\n")
    assert result.binary == [b"picture.bin"]
    assert "caf\N{REPLACEMENT CHARACTER} au lait\n" in text.decode()
    assert b"\nwide text\n</document_content>" in text
    assert b"the end has no newline\n</document_content>" in text
    assert b"<document_content>\n</document_content>" in text
    # A directory's files come by name, then its directories.
    order = [file.path.decode() for file in result.files]
    assert order[:2] == ["README.md", "empty.txt"]
    assert order[-4:] == ["src/app.py", "src/main.js", "src/deep/lib.c", "tests/test_app.py"]
    # What a file costs is what its document takes, so that the files and the rest make up the total.
    assert sum(file.tokens for file in result.files) < result.tokens
    assert all(file.tokens > file.file_tokens for file in result.files)


@pytest.mark.parametrize("budget", [150, 900, 100_000])
def test_a_budget_is_kept_and_every_file_accounted_for(
    packed: Callable[..., Packed], project_tree: Path, budget: int
) -> None:
    text, result = packed(project_tree, budget=budget)
    assert result.tokens <= budget
    if budget == 900:
        assert packed(project_tree, budget=budget, workers=2)[0] == text
    details = _details((text, result))
    assert len(details) == 12
    for file in result.files:
        assert (file.tokens > 0) == (file.detail > Detail.PATH)
        has_path = re.search(rf"^ ?{re.escape(file.path.rpartition(b'/')[2].decode())}$", text.decode(), re.MULTILINE)
        assert (has_path is not None) == (file.detail > Detail.LEFT_OUT)
    if budget == 150:
        assert "left_out" in details.values()
        assert "did not fit" in text.decode()
    if budget == 900:
        assert details["README.md"] == "full"
        assert "signatures" in details.values() or "outline" in details.values()
        assert details["package-lock.json"] == "path"
    if budget == 100_000:
        assert set(details.values()) == {"full"}
        assert b"did not fit" not in text


def test_a_budget_that_holds_nothing_says_how_much_is_needed(packed: Callable[..., Packed], project_tree: Path) -> None:
    with pytest.raises(UsageError, match=r"10 tokens does not hold .* give [0-9,]+ or more") as refused:
        packed(project_tree, budget=10)
    needed = int(re.findall(r"give ([0-9,]+) or", str(refused.value))[0].replace(",", ""))
    assert packed(project_tree, budget=needed)[1].tokens <= needed


@pytest.mark.parametrize("option", ["files", "outline", "signatures"])
def test_less_detail_on_demand(packed: Callable[..., Packed], project_tree: Path, option: str) -> None:
    text, result = packed(project_tree, **{option: True})
    details = _details((text, result))
    body = "total += 3 * step"
    assert body not in text.decode()
    if option == "files":
        assert set(details.values()) == {"path"}
    elif option == "outline":
        assert details["src/app.py"] == "outline"
        assert b"<detail>outline</detail>\n<document_content>\nMain: run\n" in text
    else:
        assert details["src/app.py"] == "signatures"
        assert 'def run(step: int) -> int:\n    """Run it."""\n    ...\n' in text.decode()
        assert "int lib(int step)\n{ ... }" in text.decode()
        assert details["README.md"] == "outline"  # it has no bodies to leave out


def test_parts_are_each_within_their_tokens(oracles: dict[str, TokenCounter], project_tree: Path) -> None:
    (project_tree / "src/long.txt").write_text("".join(f"line {number} of a long text\n" for number in range(400)))
    files: list[io.BytesIO] = []

    def part(number: int) -> PackOutput:
        files.append(io.BytesIO())
        return PackOutput(files[-1], f"part {number}", part)

    result = pack(project_tree, PackOptions(split=700), ScanOptions(workers=1), part(1))
    texts = [file.getvalue() for file in files]
    assert [part.tokens for part in result.parts] == oracles["o200k_base"].count_batch(texts)
    assert len(texts) > 4
    assert max(part.tokens for part in result.parts) <= 700
    for number, text in enumerate(texts[:-1], 1):
        assert f"Part {number} of {len(texts)}. The pack goes on in part {number + 1}." in text.decode()
    pieces = re.findall(
        rb"long.txt</source>\n<detail>lines [0-9-]+</detail>\n<document_content>\n(.*?)</document_content>",
        b"".join(texts),
        re.DOTALL,
    )
    assert b"".join(pieces) == (project_tree / "src/long.txt").read_bytes()
    long = next(file for file in result.files if file.path == b"src/long.txt")
    assert long.pieces == len(pieces) > 2
    with pytest.raises(UsageError, match=r"split 100 is too little; give [0-9]+"):
        pack(project_tree, PackOptions(split=100), ScanOptions(), PackOutput(io.BytesIO()))


def test_a_template_of_ones_own(packed: Callable[..., Packed], project_tree: Path) -> None:
    template = (
        "{{ summary }}{% for file in files %}{% set f = fence(file.text) %}"
        "{{ file.path }} {{ file.detail }}\n{{ f }}\n{{ file.text }}\n{{ f }}\n{% endfor %}{{ tree }}"
    )
    text, result = packed(project_tree, template=template)
    assert text.startswith(b"12 files: 12 in full.\n")
    assert len(result.files) == 12
    under, result = packed(project_tree, template=template, budget=900)
    assert result.tokens <= 900
    assert b"README.md full\n```\n# A project" in under
    with pytest.raises(UsageError, match="the template has an error in line 2"):
        packed(project_tree, template="{{ tree }}\n{% for %}")
    with pytest.raises(UsageError, match="the template fails in line 3: 'nothing' is undefined"):
        packed(project_tree, template="\n\n{{ nothing }}\n")
    with pytest.raises(UsageError, match="unsafe"):
        packed(project_tree, template="{{ ''.__class__.__mro__ }}")
    with pytest.raises(UsageError, match="takes more than the budget of 300"):
        packed(project_tree, template="word " * 1_000, budget=300)


def test_secrets_are_redacted_or_refused(packed: Callable[..., Packed], project_tree: Path) -> None:
    (project_tree / "src/keys.py").write_text(f'# keys\nA = "{_KEY}"\nB = "{_KEY}"\n')
    text, result = packed(project_tree)
    assert _KEY not in text.decode()
    assert text.count(b"[redacted: AWS Access Key]") == 2
    keys = next(file for file in result.files if file.path == b"src/keys.py")
    assert keys.remarks is not None
    assert [(secret.line, secret.kind) for secret in keys.remarks.secrets] == [
        (2, "AWS Access Key"),
        (3, "AWS Access Key"),
    ]
    assert result.secrets == 2
    file = io.BytesIO()
    with pytest.raises(CheckFailed, match=r"2 secrets: src/keys.py:2 \(AWS Access Key\)"):
        pack(project_tree, PackOptions(secrets="fail"), ScanOptions(), PackOutput(file))
    assert not file.getvalue()
    assert packed(project_tree, secrets="ignore")[0].decode().count(_KEY) == 2


def test_an_edit_changes_nothing_before_the_file(packed: Callable[..., Packed], project_tree: Path) -> None:
    before, _ = packed(project_tree)
    (project_tree / "src/main.js").write_text("// Another start.\n")
    after, _ = packed(project_tree)
    place = before.index(b"<source>src/main.js")
    assert after[:place] == before[:place]
    assert place > 0.6 * len(before)


def test_numbers_and_what_is_stripped(packed: Callable[..., Packed], tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("/* SPDX-License-Identifier: MIT */\nint a;   \n\n\n\nint b;\n")
    text = packed(tmp_path, line_numbers=True)[0].decode()
    assert "1\t/* SPDX-License-Identifier: MIT */\n2\tint a;   \n3\t\n" in text
    text, result = packed(tmp_path, strip=("licence", "whitespace"))
    assert b"<document_content>\nint a;\n\nint b;\n</document_content>" in text
    assert b"Stripped of texts: licence, whitespace." in text
    assert result.files[0].file_tokens == result.scan.totals.tokens


def test_only_binary_files(packed: Callable[..., Packed], tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(b"\0" * 10)
    text, result = packed(tmp_path)
    assert result.files == []
    assert b"1 binary file left out." in text
    assert packed(tmp_path, budget=500)[0] == text


def test_a_stopped_run_says_that_it_is_partial(project_tree: Path) -> None:
    stop = StopRequest()
    stop.signal = signal.SIGINT
    result = pack(project_tree, PackOptions(budget=300), ScanOptions(), PackOutput(io.BytesIO()), stop=stop)
    assert result.scan.partial == "SIGINT"
    assert list(result.parts) == []


@pytest.mark.parametrize(
    "options",
    [
        {"budget": -1},
        {"split": True},
        {"format": "yaml"},
        {"secrets": "x"},
        {"strip": ("all",)},
        {"files": True, "full": True},
    ],
)
def test_what_is_not_accepted(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        PackOptions(**options)  # type: ignore[arg-type]
