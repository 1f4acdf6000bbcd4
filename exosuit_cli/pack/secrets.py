"""Secrets in texts: keys and tokens that are known by their form, and private keys; each is replaced by what it is.

Three steps, each for far less text than the one before. One pass looks for the literals that every such secret has in
it (ahocorasick-rs, some GB/s). Around a literal, a pattern that is no stricter than the detector's says whether it may
be one. Then the detector of detect-secrets judges. Its package takes a third of a second to import, and is imported
only for the third step.
"""

from __future__ import annotations

import importlib
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.blocks import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

_AROUND: Final = 512
"""Bytes before and after a literal that are looked at, so that a giant line costs no more."""
_MOST_SOUGHT: Final = 1000
"""Distinct secrets of one text that are looked for in all of it; of more, each is looked for near its literal."""
_LONG: Final = 20
_LONGEST_KEY: Final = 16 << 10
PRIVATE_KEY: Final = "Private Key"
_PRIVATE: Final = re.compile(
    rb"-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?P<body>(?:[^-]|-(?!----)){40,%d})-----END "
    % _LONGEST_KEY
)
_MATERIAL: Final = re.compile(rb"[A-Za-z0-9+/]{32}")
_REST: Final = re.compile(rb"[A-Za-z0-9_-]*")
"""How a token may go on behind what its pattern asks for: all of it is the secret."""
_REST_OF_PARTS: Final = re.compile(rb"[A-Za-z0-9_.=+/-]*")
_DELIMITERS: Final = b" \t\r\n=:\"'"
_PLACEHOLDER: Final = re.compile(rb"[$<{%*[(]|x{4}|\.{3}|(?i:pass(?:word|wd)?|secret|token|pw)$")
"""How what stands for a secret begins: `$PASSWORD`, `<token>`, `****`."""


@dataclass(frozen=True, slots=True)
class SecretRule:
    """A kind of secret: its literals, the pattern that may be one, and the detector that judges (`module:Class`).

    Without a detector the pattern decides, and `kind` names it. `in_group`: the detector's pattern says by a group what
    the secret is, as the password in an address; else all that matches is.
    """

    literals: tuple[bytes, ...]
    pattern: re.Pattern[bytes]
    detector: str = ""
    kind: str = ""
    in_group: bool = False


def _rule(literals: str, pattern: bytes, detector: str = "", kind: str = "", *, in_group: bool = False) -> SecretRule:
    return SecretRule(tuple(literals.encode().split()), re.compile(pattern), detector, kind, in_group)


RULES: Final = (
    _rule(
        "AKIA ASIA ABIA ACCA A3T",
        rb"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}",
        "aws:AWSKeyDetector",
        in_group=True,
    ),
    _rule(
        "aws AWS Aws",
        rb"(?i:aws.{0,20}?(?:key|pwd|pw|pass|token).{0,20}?)[0-9a-zA-Z/+]{40}",
        "aws:AWSKeyDetector",
        in_group=True,
    ),
    _rule("ghp_ gho_ ghu_ ghs_ ghr_", rb"gh[pousr]_[A-Za-z0-9_]{36}", "github_token:GitHubTokenDetector"),
    _rule("github_pat_", rb"github_pat_[A-Za-z0-9_]{36,255}", kind="GitHub Token"),
    _rule(
        "glpat- gldt- glft- glsoat- glrt- GR1348941 glcbt- glimt- glptt- glagent- gloas-",
        rb"(?:gl[a-z]{2,5}-|GR1348941)[A-Za-z0-9_-]{20}",
        "gitlab_token:GitLabTokenDetector",
    ),
    _rule("xox XOX", rb"(?i:xox[abpors]-(?:\d+-)+[a-z0-9]+)", "slack:SlackDetector"),
    _rule("hooks.slack.com", rb"hooks\.slack\.com/services/T\w+/B\w+/\w+", "slack:SlackDetector"),
    _rule("sk_live_ rk_live_", rb"[rs]k_live_[0-9a-zA-Z]{24}", "stripe:StripeDetector"),
    _rule("T3BlbkFJ", rb"sk-[A-Za-z0-9_-]*T3BlbkFJ[A-Za-z0-9]{20}", "openai:OpenAIDetector"),
    _rule("sk-ant-", rb"sk-ant-[A-Za-z0-9_-]{32,200}", kind="Anthropic API Key"),
    _rule("AIza", rb"\bAIza[0-9A-Za-z_-]{35}\b", kind="Google API Key"),
    _rule("npm_", rb"\bnpm_[A-Za-z0-9]{36}\b", kind="NPM tokens"),
    _rule("_authToken", rb"_authToken.{0,20}[a-z0-9-]{36}", "npm:NpmDetector", in_group=True),
    _rule("pypi-AgE", rb"pypi-AgE[A-Za-z0-9_-]{70}", "pypi_token:PypiTokenDetector"),
    _rule("SG.", rb"SG\.[a-zA-Z0-9_-]{22}\.[a-zA-Z0-9_-]{43}", "sendgrid:SendGridDetector"),
    _rule("sq0csp-", rb"sq0csp-[0-9A-Za-z\\_-]{43}", "square_oauth:SquareOAuthDetector"),
    _rule("-us", rb"[0-9a-z]{32}-us[0-9]{1,2}", "mailchimp:MailchimpDetector"),
    _rule("eyJ", rb"eyJ[\w=-]+\.eyJ[\w=-]+", "jwt:JwtTokenDetector"),
    _rule("AKC", rb"AKC[a-zA-Z0-9]{10}", "artifactory:ArtifactoryDetector"),
    _rule(
        "://",
        rb"://[^\s/{}@:'\"<>$%]{1,200}:[^\s/{}@'\"<>]{1,200}@[\w.-]",
        "basic_auth:BasicAuthDetector",
        in_group=True,
    ),
)
"""Every kind of token that is looked for."""


def redacted(text: bytes, path: bytes) -> tuple[bytes, tuple[Secret, ...]]:
    """The text with each secret replaced, and the secrets, in order. The number of lines stays.

    `path` is not opened: a detector may want it for a message.
    """
    spans = secret_spans(text, path)
    if not spans:
        return text, ()
    parts = []
    found = []
    last = 0
    for start, end, kind in spans:
        found.append(Secret(text.count(b"\n", 0, start) + 1, kind))
        parts += [text[last:start], replacement(text, start, end, kind)]
        last = end
    return b"".join([*parts, text[last:]]), tuple(found)


def secret_spans(text: bytes, path: bytes) -> list[tuple[int, int, str]]:
    """Where secrets stand, in order, none within another: bytes from, up to, and what each is."""
    spans: list[tuple[int, int, str]] = []
    for span in sorted([*_private_keys(text), *_tokens(text, path)]):
        if not spans or span[0] >= spans[-1][1]:
            spans.append(span)
    return spans


def replacement(text: bytes, start: int, end: int, kind: str) -> bytes:
    """What stands for a secret: what it is, and as many ends of lines as it has."""
    return f"[redacted: {kind}]".encode() + b"\n" * text.count(b"\n", start, end)


def _private_keys(text: bytes) -> Iterator[tuple[int, int, str]]:
    if b"PRIVATE KEY" in text:
        for match in _PRIVATE.finditer(text):
            if _MATERIAL.search(match["body"]):
                yield *match.span("body"), PRIVATE_KEY


def _tokens(text: bytes, path: bytes) -> Iterator[tuple[int, int, str]]:
    automaton, rules = _automaton()
    seen: set[tuple[int, int]] = set()
    sought: set[bytes] = set()
    for literal, place, _ in automaton.find_matches_as_indexes(text):
        for rule in rules[literal]:
            low = max(text.rfind(b"\n", max(place - _AROUND, 0), place) + 1, place - _AROUND, 0)
            high = text.find(b"\n", place, place + _AROUND)
            if high < 0 and (rest := _REST_OF_PARTS.match(text, place + _AROUND, place + _LONGEST_KEY)):
                high = rest.end()  # a long token ends where its characters do
            window = text[low : high if high >= 0 else None]
            if rule.pattern.search(window) is None:
                continue
            for value, kind in _values(rule, window, path):
                if _PLACEHOLDER.match(value):
                    continue
                # A long one is a secret wherever it stands.
                if value in sought:
                    continue
                first, within = low, window
                if len(value) >= _LONG and len(sought) < _MOST_SOUGHT:
                    sought.add(value)
                    first, within = 0, text
                at = within.find(value)
                while at >= 0:
                    span = (first + at, first + at + len(value))
                    if span not in seen:
                        seen.add(span)
                        yield *span, kind
                    at = within.find(value, at + len(value))


def _values(rule: SecretRule, window: bytes, path: bytes) -> Iterator[tuple[bytes, str]]:
    """The secrets that a window holds by a rule, whole, each with its kind."""
    if not rule.detector:
        for match in rule.pattern.finditer(window):
            yield _whole(window, *match.span()), rule.kind
        return
    detector = _detector(rule.detector)
    # One character a byte, so that places in the text are places in the bytes.
    line = window.decode("latin-1")
    found = detector.analyze_line(filename=repr(path), line=line, line_number=1)
    judged = {each.secret_value for each in found if each.secret_value}
    kind: str = detector.secret_type
    for pattern in detector.denylist if judged else ():
        for match in pattern.finditer(line):
            # What the detector names may be a group, such as the prefix of a token.
            if judged.isdisjoint((match[0], *match.groups())):
                continue
            if rule.in_group and match.re.groups and match[1]:
                yield match[1].encode("latin-1"), kind
            else:
                yield _whole(window, *match.span()), kind


def _whole(window: bytes, start: int, end: int) -> bytes:
    """The token between two places: without what delimits it, and with all that still belongs to it."""
    while start < end and window[start] in _DELIMITERS:
        start += 1
    token = window[start:end]
    if token[-1:] and token[-1] in _DELIMITERS and not token.startswith(b"eyJ"):
        return token.rstrip(_DELIMITERS)
    rest = (_REST_OF_PARTS if token.startswith(b"eyJ") else _REST).match(window, end)
    return token + (rest[0] if rest else b"")


@cache
def _detector(name: str) -> Any:
    module, _, kind = name.partition(":")
    return getattr(importlib.import_module(f"detect_secrets.plugins.{module}"), kind)()


@cache
def _automaton() -> tuple[Any, list[list[SecretRule]]]:
    """What finds all literals in one pass, and the rules of each literal."""
    import ahocorasick_rs

    rules: dict[bytes, list[SecretRule]] = {}
    for rule in RULES:
        for literal in rule.literals:
            rules.setdefault(literal, []).append(rule)
    # Only a leftmost search uses the packed instructions that make it fast.
    leftmost = ahocorasick_rs.MatchKind.LeftmostFirst
    return ahocorasick_rs.BytesAhoCorasick(list(rules), matchkind=leftmost), list(rules.values())
