from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.tokens import IMPLEMENTATIONS

from .texts import WHITE_SPACE
from .unicode17 import DISAGREEMENT

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter

    from .conftest import Oracle

# A letter, mark, number, space or none of these splits differently in one of these places.
PROBE = "a{0}b A{0}{0}a1{0}1 .{0}.{0}\n{0}'s\n"
PROBED = [*range(0x35000), *range(0xE0000, 0xE0200)]  # beyond these, nothing is assigned but private use


def test_the_packages_disagree_on_unicode_17_and_on_nothing_else(
    oracle: Oracle, counters: dict[tuple[str, str], TokenCounter]
) -> None:
    """When an upgrade changes this set, name the new Unicode versions in `load_counter` and record the new set."""
    packages = [counters[oracle.name, package] for package in IMPLEMENTATIONS]

    def differ(code_points: list[int]) -> bool:
        text = "".join(PROBE.format(chr(code)) for code in code_points)
        expected, data = oracle.ids(text), text.encode()
        answers = [package.encode(data).tolist() for package in packages]
        assert all(answer == answers[0] for answer in answers), "the packages differ from each other"
        return answers[0] != expected

    candidates = [code for code in PROBED if not 0xD800 <= code < 0xE000]
    groups = [candidates[start : start + 1024] for start in range(0, len(candidates), 1024)]
    found: set[int] = set()
    while groups:
        group = groups.pop()
        if not differ(group):
            continue
        if len(group) == 1:
            found.update(group)
        else:
            groups += [group[: len(group) // 2], group[len(group) // 2 :]]
    assert found == DISAGREEMENT[oracle.name]


def test_a_disagreement_is_a_few_tokens(oracle: Oracle, gigatoken: TokenCounter) -> None:
    text = "word \N{CJK UNIFIED IDEOGRAPH-4E00}\U00032400 word"  # U+32400 is a letter since Unicode 17.0
    assert 0x32400 in DISAGREEMENT[oracle.name]
    assert abs(gigatoken.count(text.encode()) - oracle.count(text)) <= 4


def test_every_white_space_is_one_in_every_combination(oracle: Oracle, counter: TokenCounter) -> None:
    for first in WHITE_SPACE:
        for second in WHITE_SPACE:
            text = f"a{first}{second}b{second}{first}{second}.{first}{first}1{second}"
            assert counter.encode(text.encode()).tolist() == oracle.ids(text), ascii(text)
