from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.tokens import ENCODINGS, IMPLEMENTATIONS, counter, encodings, load_counter
from exosuit_cli.tokens.counter import GigatokenCounter, private_bytes

from .texts import SPECIAL_TOKENS, octets, settled, texts

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter

    from .conftest import Oracle


@given(text=texts)
@settings(deadline=None, max_examples=300)
def test_counts_and_ids_are_those_of_tiktoken(oracle: Oracle, counter: TokenCounter, text: str) -> None:
    expected = oracle.ids(text)
    assert counter.count(text.encode()) == len(expected)
    assert counter.encode(text.encode()).tolist() == expected


@given(data=octets)
@settings(deadline=None, max_examples=300)
def test_undecodable_bytes_count_as_replacement_characters(oracle: Oracle, counter: TokenCounter, data: bytes) -> None:
    assume(settled(data))
    assert counter.count(data) == oracle.count(data)
    assert counter.encode(data).tolist() == oracle.ids(data)


@given(data=octets)
@settings(deadline=None, max_examples=300)
def test_windows_do_not_change_the_count(oracle: Oracle, gigatoken: TokenCounter, data: bytes) -> None:
    assume(settled(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counter, "WINDOW", 8)
        assert gigatoken.count(data) == oracle.count(data)
        assert gigatoken.encode(data).tolist() == oracle.ids(data)


def test_no_text_has_no_tokens(counter: TokenCounter) -> None:
    assert counter.count(b"") == 0
    assert counter.encode(b"").tolist() == []
    assert str(counter.encode(b"").dtype) == str(counter.encode(b"a").dtype) == "uint32"


def test_special_tokens_are_ordinary_text(oracle: Oracle, counter: TokenCounter) -> None:
    for text in SPECIAL_TOKENS:
        assert counter.count(text.encode()) == oracle.count(text) > 1
        assert counter.encode(f"a{text}b".encode()).tolist() == oracle.ids(f"a{text}b")


def test_a_byte_order_mark_is_counted(oracle: Oracle, counter: TokenCounter) -> None:
    assert counter.count(b"\xef\xbb\xbfint x;") == oracle.count("\ufeffint x;") > counter.count(b"int x;")


def test_a_contraction_with_the_long_s(oracle: Oracle, counter: TokenCounter) -> None:
    # The one text that toktok alone is known to split wrongly, in o200k_base.
    for text in ("a'\u017ft", "DON'\u017f 'S", "é'\u017f" * 9, " '\u017fx", "'\u017f"):
        assert counter.encode(text.encode()).tolist() == oracle.ids(text)
        assert counter.count(text.encode()) == oracle.count(text)


def test_a_contraction_with_the_long_s_in_one_endless_word(
    oracle: Oracle, gigatoken: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter, "WINDOW", 64)
    text = "b" * 300 + "'\u017ftt" + "c" * 300
    assert gigatoken.count(text.encode()) == oracle.count(text)
    assert gigatoken.encode(text.encode()).tolist() == oracle.ids(text)


ENDLESS = {"a": "a", "spaces": " ", "newlines": "\n", "hyphens": "-", "CJK": "漢", "digits": "7", "marks": "\u0301"}


@pytest.mark.parametrize("unit", ENDLESS.values(), ids=ENDLESS)
def test_an_endless_run_is_counted_exactly(unit: str, oracle: Oracle, gigatoken: TokenCounter) -> None:
    text = unit * (400_000 // len(unit.encode()))  # tiktoken overflows its stack on a million spaces
    assert len(text.encode()) > counter.WINDOW
    assert gigatoken.count(text.encode()) == oracle.count(text)
    assert gigatoken.encode(text.encode()).tolist() == oracle.ids(text)


@pytest.mark.parametrize("unit", ["a", " ", "\n"], ids=["a", "spaces", "newlines"])
def test_a_run_of_twenty_megabytes(unit: str, oracle: Oracle, gigatoken: TokenCounter) -> None:
    # A run of one such character is encoded in tokens of one length, a divisor of 65,536.
    assert gigatoken.count(unit.encode() * (320 << 16)) == 320 * oracle.count(unit * (1 << 16))


def test_one_line_of_minified_code(oracle: Oracle, gigatoken: TokenCounter) -> None:
    rng = random.Random(7)
    names = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 3))) for _ in range(200)]
    code = "".join(
        f'function({a},{b}){{"use strict";if(!{a}.{b})return {b}[{rng.randrange(999)}];{c}={a}||"é\u2003"+{b}}}'
        for a, b, c in (rng.choices(names, k=3) for _ in range(40_000))
    )
    assert len(code) > 2_000_000
    assert gigatoken.count(code.encode()) == oracle.count(code)


def test_one_line_of_random_letters_and_of_garbage(oracle: Oracle, gigatoken: TokenCounter) -> None:
    rng = random.Random(8)
    letters = "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=400_000)).encode()
    assert gigatoken.count(letters) == oracle.count(letters)
    garbage = bytes(rng.choices([0x80, 0xBF, 0xC3, 0xE4, 0xF0, 0xFF], k=400_000))
    assert gigatoken.count(garbage) == oracle.count(garbage)


def test_an_unknown_encoding_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'gpt2'.*o200k_base, cl100k_base"):
        load_counter("gpt2")


def test_an_unknown_implementation_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'tiktoken'.*gigatoken, toktok"):
        load_counter("o200k_base", "tiktoken")


def test_a_counter_tells_what_it_is(counters: dict[tuple[str, str], TokenCounter]) -> None:
    for (encoding, implementation), found in counters.items():
        assert (found.encoding, found.implementation) == (encoding, implementation)
    assert load_counter("cl100k_base").implementation == IMPLEMENTATIONS[0] == "gigatoken"


def test_counters_of_one_encoding_share_one_toktok(counters: dict[tuple[str, str], TokenCounter]) -> None:
    # Two that take turns cost milliseconds and 16 MiB a call.
    for name in ENCODINGS:
        assert load_counter(name, "toktok")._core is counters[name, "toktok"]._core
        assert GigatokenCounter(ENCODINGS[name])._linear()._core is counters[name, "toktok"]._core


def test_an_altered_vocabulary_is_refused(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encodings, "_DATA", os.fspath(tmp_path))
    with open(encodings.vocabulary_path(ENCODINGS["o200k_base"]), "wb") as file:
        file.write(b"IQ== 0\n")
    with pytest.raises(ResourceMissing, match="altered"):
        load_counter("o200k_base")


@pytest.mark.parametrize(
    ("implementation", "module"), [("gigatoken", "gigatoken.gigatoken_rs"), ("toktok", "toktok._toktok")]
)
def test_an_absent_package_is_named(implementation: str, module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ResourceMissing, match=rf"{implementation}.*cannot be imported"):
        load_counter("o200k_base", implementation)


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # threads of numpy, idle
def test_a_counter_loaded_in_a_thread_counts_in_forked_processes(oracle: Oracle) -> None:
    loaded: list[TokenCounter] = []
    thread = threading.Thread(target=lambda: loaded.append(load_counter(oracle.name)))
    thread.start()
    thread.join()
    data = b"def f(x):\n    return x + 1\n" * 20 + b"z" * (counter.WINDOW + 1)
    expected = oracle.count(data)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            os._exit(0 if loaded[0].count(data) == expected else 1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0]
    assert loaded[0].count(data) == expected


def _random_words(rng: random.Random, number: int) -> bytes:
    return " ".join("".join(rng.choices("abcdefghijklm", k=rng.randint(9, 15))) for _ in range(number)).encode()


def test_the_memory_of_words_is_dropped_when_the_process_has_grown(
    oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = counter.CACHE_GROWTH_LIMIT
    memory = iter([1000, 1000 + limit, 1001 + limit, 2000, 2000 + limit, 2001 + limit, 3000])
    monkeypatch.setattr(counter, "private_bytes", lambda: next(memory))
    monkeypatch.setattr(counter, "_CHECK_INTERVAL", 60_000)
    bounded = GigatokenCounter(ENCODINGS[oracle.name])
    rng = random.Random(9)
    renewed = []
    for _ in range(4):
        before = bounded._core
        data = _random_words(rng, 6_000)
        assert 60_000 < len(data) < 120_000
        assert bounded.count(data) == oracle.count(data)
        renewed.append(bounded._core is not before)
    assert renewed == [False, True, False, True]


def test_the_memory_of_words_is_dropped_by_volume_where_memory_is_unknown(
    oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter, "private_bytes", lambda: None)
    monkeypatch.setattr(counter, "_BLIND_CHECK_INTERVAL", 100_000)
    bounded = GigatokenCounter(ENCODINGS[oracle.name])
    first = bounded._core
    data = _random_words(random.Random(9), 6_000)
    assert bounded.count(data) == oracle.count(data)
    assert bounded._core is first
    assert bounded.count(data) == oracle.count(data)
    assert bounded._core is not first


MEMORY_OF_WORDS = """
import random
from exosuit_cli.tokens import counter

loaded = counter.load_counter("cl100k_base")
loaded.count(b"a")
start = counter.private_bytes()
rng = random.Random(1)
letters = "abcdefghijklmnopqrstuvwxyz"
for _ in range(20):
    loaded.count(" ".join("".join(rng.choices(letters, k=12)) for _ in range(30_000)).encode())
grown = counter.private_bytes()
counter.CACHE_GROWTH_LIMIT = 0
loaded._bound_cache()
dropped = counter.private_bytes()
print(grown - start, dropped - start)
"""


def test_loading_anew_gives_the_memory_back() -> None:
    answer = subprocess.run([sys.executable, "-c", MEMORY_OF_WORDS], check=True, capture_output=True, text=True)
    grown, left = map(int, answer.stdout.split())
    assert grown > 32 << 20
    assert left < grown // 2


def test_ordinary_growth_does_not_load_anew(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "_CHECK_INTERVAL", 1 << 16)
    ordinary = GigatokenCounter(ENCODINGS[oracle.name])
    monkeypatch.delattr(counter, "_load_gigatoken")
    for _ in range(10):
        ordinary.count(b"return x + 1\n" * 10_000)


def test_private_memory_grows_by_what_is_allocated() -> None:
    before = private_bytes()
    block = bytearray(os.urandom(1)) * (64 << 20)
    after = private_bytes()
    assert before is not None
    assert after is not None
    assert after - before > 60 << 20
    del block


def test_without_proc_private_memory_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr("builtins.open", refuse)
    assert private_bytes() is None
