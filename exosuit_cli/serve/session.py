"""What a server serves, and to whom: the request, checked before anything is started. Imports little."""

from __future__ import annotations

import ipaddress
import os
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.config.option import SELECTION, WORK, filled, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.serve.roots import checked_roots

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LEAST_TOKEN: Final = 16
"""Characters of a token that nobody guesses."""
_ADDRESS: Final = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<host>[A-Za-z0-9.-]*)):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How the server is reached."""

    context: str | None = option(
        None,
        "Serve the context of this name.",
        changes="neither",
        panel=SELECTION,
        metavar="NAME",
        completes="contexts",
        shown="that of the PATHs",
    )
    http: str | None = option(
        None,
        "Serve streamable HTTP at this address, as 127.0.0.1:8000.",
        changes="neither",
        panel=WORK,
        metavar="HOST:PORT",
        shown="stdin and stdout",
    )
    token_env: str | None = option(
        None,
        "The environment variable that holds the bearer token which clients have to send.",
        changes="neither",
        panel=WORK,
        metavar="NAME",
        shown="no token",
    )


@dataclass(frozen=True, slots=True)
class Address:
    """Where HTTP is served, and the token that a client has to send; None: none."""

    host: str
    port: int
    token: str | None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        return _is_loopback(self.host)


@dataclass(frozen=True, slots=True)
class ServeRequest:
    """What is served: `roots` (none: those of the client), or a context by its name; with `http`, over HTTP."""

    roots: tuple[str, ...]
    context: str | None
    http: Address | None
    config: str | None = None


def serve_request(paths: Sequence[str], given: Mapping[str, object], *, config: str | None = None) -> ServeRequest:
    """The request for a server by the given options.

    Raises UsageError for a root that is not there, an address that is none, and an address that others reach without a
    token.
    """
    options = filled(ServeOptions, given)
    roots = checked_roots(paths)
    if options.token_env is not None and options.http is None:
        raise UsageError("--token-env is of use with --http only")
    http = _address(options.http, options.token_env) if options.http is not None else None
    if http is not None and not roots and options.context is None:
        raise UsageError("--http needs a ROOT or --context NAME: a client elsewhere does not choose what is read here")
    return ServeRequest(roots, options.context, http, config)


def _address(text: str, token_env: str | None) -> Address:
    found = _ADDRESS.fullmatch(text)
    if found is None or int(found["port"]) > 65535:
        raise UsageError(f"--http {text!r} is no address; accepted: HOST:PORT, as 127.0.0.1:8000 or [::1]:8000")
    host = found["six"] or found["host"] or "127.0.0.1"
    token = None
    if token_env is not None:
        token = os.environ.get(token_env)
        if token is None or len(token) < LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
            what = "is not set" if token is None else f"has no token of {LEAST_TOKEN} or more printable characters"
            raise UsageError(
                f"--token-env: the variable {token_env} {what}; try `export {token_env}=$(openssl rand -hex 32)`"
            )
    if token is None and not _is_loopback(host):
        raise UsageError(
            f"--http {text} is reached by others: name a variable that holds a token with --token-env NAME"
        )
    return Address(host, int(found["port"]), token)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
