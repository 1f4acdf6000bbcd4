"""From a name and the first bytes of a file to its language.

The order is linguist's: what a modeline says, then the whole name, the interpreter of a `#!` line, the extension, and
the content where several languages share an extension.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.languages.modelines import OPENING_BYTES, language_of_mode, modes
from exosuit_cli.languages.rules import RULES, candidates_of, decide
from exosuit_cli.languages.shebang import interpreters
from exosuit_cli.languages.table import EXTENSIONS, INTERPRETERS, LANGUAGES, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

HEAD_BYTES: Final = 8192
"""How far into a file its language is looked for."""
BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_STEMS: Final = frozenset(
    b".env COPYING COPYRIGHT Caddyfile Containerfile Dockerfile GNUmakefile Gemfile Jenkinsfile Kbuild Kconfig LICENCE "
    b"LICENSE Makefile NOTICE Procfile README Rakefile Vagrantfile containerfile dockerfile makefile".split()
)
"""Names that tell of a language with anything after them: Dockerfile.prod, LICENSE-MIT."""
_TEMPLATES: Final = frozenset(b".dist .example .in .sample .template .tmpl .tpl".split())
"""What is added to the name of a file that another one is made from."""
_SECTION: Final = rb"[1-9][a-z]{1,6}"
_TEMPLATE_DEPTH: Final = 3

_code: Final = {language: code for code, language in enumerate(LANGUAGES)}
_rule_sets: Final = tuple(RULES)
_FIRST_RULES: Final = len(LANGUAGES)
_FIRST_NAMED: Final = _FIRST_RULES + len(_rule_sets)
"""Claims are the codes of `LANGUAGES`, then the sets of rules, then both again for whole names."""
_claim_of_rules: Final = {
    key: _FIRST_RULES + place for place, keys in enumerate(_rule_sets) for key in keys.encode().split()
}
_claim_of_extension: Final = {
    **{key: _code[name] for key, name in EXTENSIONS.items() if type(name) is str},
    **_claim_of_rules,
}
_claim_of_name: Final = {
    key: _FIRST_NAMED + (_code[name] if type(name) is str else _claim_of_rules[key]) for key, name in NAMES.items()
}
CODE_OF_CLAIM: Final = (
    *range(_FIRST_RULES),
    *([-1] * len(_rule_sets)),
    *range(_FIRST_RULES),
    *([-1] * len(_rule_sets)),
)
"""The language's code by the claim alone, -1 where the content decides. A modeline or a `#!` line may say another."""
HEADER_CLAIM: Final = _claim_of_rules[b".h"]
"""The claim of the headers of C and its kin: many, and nearly all in C."""
HEADER_WORDS: Final = tuple(word for rule in RULES[".h"] for word in rule.needs)
"""One of these is near the start of every header that is not in C; a newline begins a line, or the file."""
TEXT_CLAIM: Final = _claim_of_rules[b".txt"]
"""The claim of plain texts: all rules but the last one go by their first byte, `*` or `[`."""
_two_parts: Final = frozenset(key[key.rindex(b".") :] for key in _claim_of_extension if key.count(b".") > 1)
_claim_of_last_part: Final = {key: claim for key, claim in _claim_of_extension.items() if key not in _two_parts}


def claim_of_name(name: bytes) -> int:
    """What a file name, without its directory, says of the language; for `language_of`.

    Files of equal claims and equal content have one language. A claim of 0 says nothing.
    """
    claim = _claim_of_name.get(name)
    if claim is not None:
        return claim
    claim = _claim_of_last_part.get(name[name.rfind(b".") :])
    return claim if claim is not None else _claim_of_parts(name)


def claims_of_names(names: Sequence[bytes]) -> list[int]:
    """`claim_of_name` of each name, without a call for each."""
    by_name, by_last_part = _claim_of_name.get, _claim_of_last_part.get
    claims = [by_name(name) or by_last_part(name[name.rfind(b".") :], -1) for name in names]  # no whole name claims 0
    if -1 in claims:
        claims = [claim if claim >= 0 else _claim_of_parts(name) for claim, name in zip(claims, names, strict=True)]
    return claims


def _claim_of_parts(name: bytes, depth: int = 0) -> int:
    """The claim by the longest extension that is known (.rst.txt), else by what begins or ends the name."""
    dot = name.find(b".")
    lower = name.lower()
    while dot >= 0:
        claim = _claim_of_extension.get(name[dot:]) or _claim_of_extension.get(lower[dot:])
        if claim is not None:
            return claim
        dot = name.find(b".", dot + 1)
    stem, _, extension = lower.rpartition(b".")
    if re.fullmatch(_SECTION, extension):
        return _claim_of_rules[b".1"]
    if b"." + extension in _TEMPLATES and stem and depth < _TEMPLATE_DEPTH:
        inner = name[: len(stem)]
        found = _claim_of_name.get(inner) or _claim_of_parts(inner, depth + 1)
        if found:
            return found
    cut = min((at for at in (name.find(b".", 1), name.find(b"-", 1)) if at > 0), default=0)
    return _claim_of_name[name[:cut]] if name[:cut] in _STEMS else 0


def names_a_program(name: bytes) -> bool:
    """Whether a file of that name is in a programming language, if its content says nothing else."""
    from exosuit_cli.languages.modes import PROGRAMMING

    claim = claim_of_name(name)
    code = CODE_OF_CLAIM[claim]
    if code >= 0:
        return LANGUAGES[code] in PROGRAMMING
    return LANGUAGES[default_of_claim(claim - _FIRST_NAMED if claim >= _FIRST_NAMED else claim)] in PROGRAMMING


def default_of_claim(claim: int) -> int:
    """The language's code where no rule but the last one of these holds."""
    return _code[RULES[_rule_sets[claim - _FIRST_RULES]][-1].language]


def language_of(claim: int, head: bytes, *, is_whole: bool, has_modes: bool = True) -> int:
    """The language's position in `LANGUAGES`, 0 where it is not known.

    `head` is the beginning of the text, in UTF-8, `HEAD_BYTES` at most; `is_whole`: that the text ends with it. Without
    `has_modes` it is known that no modeline is there.
    """
    head = head.removeprefix(BYTE_ORDER_MARK)
    for mode in modes(head, is_whole=is_whole) if has_modes else ():
        language = language_of_mode(mode)
        if language is not None and b"UseVimball" not in head[:OPENING_BYTES]:
            return _code[language]
    if claim >= _FIRST_NAMED:
        return _by_content(claim - _FIRST_NAMED, head)
    if head.startswith(b"#!"):
        code = _code_by_interpreter(claim, head)
        if code:
            return code
    return _by_content(claim, head)


def _by_content(claim: int, head: bytes) -> int:
    """The language by its claim, and by the rules where those have to decide or the name says nothing."""
    if 0 < claim < _FIRST_RULES:
        return claim
    return _code[decide(_rule_sets[claim - _FIRST_RULES] if claim else "", head)]


def _code_by_interpreter(claim: int, head: bytes) -> int:
    """The language by the `#!` line; of several, one that the name allows."""
    for interpreter in interpreters(head):
        languages = INTERPRETERS.get(interpreter)
        if languages is None:
            continue
        if type(languages) is str:
            return _code[languages]
        if claim:
            allowed = {LANGUAGES[claim]} if claim < _FIRST_RULES else candidates_of(_rule_sets[claim - _FIRST_RULES])
            return next((_code[each] for each in languages if each in allowed), 0)
        rules = _claim_of_rules.get(interpreter)
        return _code[languages[0]] if rules is None else _by_content(rules, head)
    return 0
