"""Secrets by their forms: found by the prefilter and judged by the detector; what only resembles one stays."""

from __future__ import annotations

import pytest

from exosuit_cli.pack.secrets import PRIVATE_KEY, RULES, redacted

# Each in two halves, so that no other scanner takes this file for a leak.
_SAMPLES = {
    "AWS Access Key": ["AKIA" + "Q3WE4RT5YU6IO7PA", 'aws_key = "' + "wJalrXUtnFEMIK7MDENG" + 'bPxRfiCYzzQQ12345678"'],
    "GitHub Token": ["ghp_" + "a1B2" * 9, "github_pat_" + "11ABCDEFG0" * 5],
    "GitLab Token": ["glpat-" + "a1B2c3D4e5F6g7H8i9J0"],
    "Slack Token": ["xoxb-" + "123456789012-abcdefg", "https://hooks.slack.com/services/" + "T0AB12/B0CD34/abcDEF"],
    "Stripe Access Key": ["sk_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2"],
    "OpenAI Token": ["sk-" + "a1B2c3D4e5F6g7H8i9J0" + "T3BlbkFJ" + "k1L2m3N4o5P6q7R8s9T0"],
    "Anthropic API Key": ["sk-ant-" + "api03-" + "a1B2c3D4" * 8],
    "Google API Key": ["AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"],
    "NPM tokens": ["npm_" + "a1B2" * 9, "//registry/:_authToken=" + "a1b2c3d4-e5f6-a1b2-c3d4-e5f6a1b2c3d4"],
    "PyPI Token": ["pypi-AgEIcHlwaS5vcmc" + "a1B2c3D4" * 10],
    "SendGrid API Key": ["SG." + "a1B2c3D4e5F6g7H8i9J0kL" + "." + "a1B2c3D4e5F6g7H8i9J0kLa1B2c3D4e5F6g7H8i9J0k"],
    "Square OAuth Secret": ["sq0csp-" + "a1B2c3D4e5F6g7H8i9J0kLa1B2c3D4e5F6g7H8i9J0k"],
    "Mailchimp Access Key": ["a1b2c3d4" * 4 + "-us12"],
    "JSON Web Token": ["eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + ".dozjgNryP4J3jVmNHl0w5N_XgL0n"],
    "Artifactory Credentials": ['key = "AKC' + 'p8a1B2c3D4e5F6g7"'],
    "Basic Auth Credentials": ["https://someone:" + "hunter2secret@db.internal/x"],
}  # fmt: skip


@pytest.mark.parametrize("kind", _SAMPLES)
def test_each_kind_is_found(kind: str) -> None:
    for sample in _SAMPLES[kind]:
        text, found = redacted(b"first line\nvalue: " + sample.encode() + b" # end\nlast\n", b"a.txt")
        assert [(secret.line, secret.kind) for secret in found] == [(2, kind)], sample
        assert f"[redacted: {kind}]".encode() in text
        assert text.count(b"\n") == 3
        assert text.startswith(b"first line\nvalue: ")
        assert text.endswith(b"# end\nlast\n") or '"' in sample or "_authToken" in sample


@pytest.mark.parametrize(
    "token",
    [
        b"gho_" + b"a1B2c3D4e5F6" * 3,
        b"glrt-" + b"a1B2c3D4e5F6g7H8i9J0-k1_L2",
        b"sk-proj-" + b"a1B2c3D4e5F6g7H8i9J0" + b"T3BlbkFJ" + b"k1L2m3N4o5P6q7R8s9T0-and_as_much_again_behind",
        b"eyJhbGciOiJIUzI1NiJ9" + b".eyJzdWIiOiIxMjM0NTY3ODkwIn0" + b".dozjgNryP4J3jVmNHl0w5N_XgL0n",
        b"AKC" + b"p8a1B2c3D4e5F6g7",
    ],
)
def test_nothing_of_a_token_stays_and_all_beside_it_does(token: bytes) -> None:
    text, (found,) = redacted(b'ghp_v = "' + token + b'"; gho_v = 1\n', b"a.py")
    assert text == b'ghp_v = "' + f"[redacted: {found.kind}]".encode() + b'"; gho_v = 1\n'


def test_every_rule_has_a_sample() -> None:
    text = "\n".join(sample for samples in _SAMPLES.values() for sample in samples).encode()
    without = [rule for rule in RULES if not any(literal in text for literal in rule.literals)]
    assert not without


def test_a_private_key_goes_with_its_lines() -> None:
    lines = b"".join(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/\n" for _ in range(5))
    key = b"-----BEGIN RSA PRIVATE KEY-----\n" + lines + b"-----END RSA PRIVATE KEY-----\n"
    text, found = redacted(b"x\n" + key + b"y\n", b"k.pem")
    assert [(secret.line, secret.kind) for secret in found] == [(2, PRIVATE_KEY)]
    assert b"abcdefghij" not in text
    assert text.count(b"\n") == (b"x\n" + key + b"y\n").count(b"\n")


def test_one_secret_at_several_places_goes_from_all() -> None:
    token = b"ghp_" + b"a1B2" * 9
    text, found = redacted(token + b" " + token + b"\nx = " + token + b"\n", b"a.py")
    assert token not in text
    assert [secret.line for secret in found] == [1, 1, 2]


@pytest.mark.parametrize(
    "text",
    [
        b"see -----BEGIN PRIVATE KEY----- in the manual",
        b"https://user:$PASSWORD@host/ and https://{user}:{password}@host/",
        b"AKIA is how they begin; ghp_ and xoxb- too",
        b"http://host:8080/path@version",
        b"eyJub3QiOiJhIHRva2VuIn0",
    ],
)
def test_what_only_resembles_one_stays(text: bytes) -> None:
    assert redacted(text, b"a.md") == (text, ())


def test_a_giant_line_is_looked_at_piece_by_piece() -> None:
    text = b"://" * 20_000 + b" ghp_" + b"a1B2" * 9 + b" " + b"x:" * 20_000
    assert [secret.kind for secret in redacted(text, b"a.min.js")[1]] == ["GitHub Token"]


def test_a_long_token_goes_whole() -> None:
    import base64
    import json

    payload = base64.urlsafe_b64encode(json.dumps({"claims": "x" * 900}).encode()).rstrip(b"=")
    token = b"eyJhbGciOiJIUzI1NiJ9." + payload + b".dozjgNryP4J3jVmNHl0w5N_XgL0n"
    assert redacted(b"t = '" + token + b"'\n", b"a.py")[0] == b"t = '[redacted: JSON Web Token]'\n"


def test_very_many_secrets_take_no_time_by_their_square() -> None:
    key = b"AKIA" + b"Q3WE4RT5YU6IO7PA"
    text, found = redacted((key + b"\n") * 8000, b"a.txt")
    assert key not in text
    assert len(found) == 8000
    assert redacted(b"-----BEGIN PRIVATE KEY-----\n" * 30_000, b"a.txt")[1] == ()
