"""One file by HTTP: bounded in bytes and in patience, through redirects to the same or a safer protocol only."""

from __future__ import annotations

import base64
import http.client
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urljoin, urlsplit

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import format_bytes
from exosuit_cli.remote.limits import SourceRefused, SourceUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

_PART: Final = 1 << 16
_MOST_REDIRECTS: Final = 5
SILENCE_SECONDS: Final = 30.0
"""How long a server may say nothing."""
_LEAST_RATE: Final = 1_000
_RATE_SECONDS: Final = 60.0
"""Over so many seconds, fewer bytes a second than the least rate end a download."""
_NOT_MODIFIED: Final = 304


@dataclass(frozen=True, slots=True)
class Download:
    """What was fetched; `state` tells it from a later one, empty where the server has no such mark."""

    state: str
    is_new: bool
    bytes: int


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows few redirects, never from https to http, and takes no password to another host."""

    max_redirections = _MOST_REDIRECTS
    max_repeats = _MOST_REDIRECTS

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        old = urlsplit(req.full_url)
        try:
            new = urlsplit(urljoin(req.full_url, headers.get("location") or ""))
        except ValueError as error:
            raise SourceUnreachable("the server leads to no address that can be read") from error
        if new.scheme not in ("https", old.scheme):
            raise SourceRefused(f"the server leads from {old.scheme} to {new.scheme}, which is not followed")
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        found = super().redirect_request(req, fp, code, msg, headers, newurl)
        if found is not None and (old.scheme, old.netloc) != (new.scheme, new.netloc):
            found.remove_header("Authorization")
        return found


def download(
    url: str, secret: str, target: str, most: int, *, known: str = "", said: Callable[[str], None] = lambda _: None
) -> Download:
    """Write what the address has to the new file `target`, at most `most` bytes.

    `known` is the state of an earlier download: where it is still that, nothing is written. `said` is told how far it
    is. Raises SourceUnreachable, SourceRefused.
    """
    headers = {"User-Agent": "exosuit", "Accept-Encoding": "identity"}
    if secret:
        headers["Authorization"] = "Basic " + base64.b64encode(unquote(secret).encode()).decode()
    if known:
        headers["If-None-Match" if known.startswith(('"', "W/")) else "If-Modified-Since"] = known
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(urllib.request.Request(url, headers=headers), timeout=SILENCE_SECONDS) as answer:  # noqa: S310
            state = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
            length = _length(answer.headers.get("Content-Length", ""))
            if length is not None and length > most:
                raise _too_large(most)
            return Download(state, True, _copy(answer, target, most, length, said))
    except urllib.error.HTTPError as error:
        if error.code == _NOT_MODIFIED and known:
            return Download(known, False, 0)
        raise SourceUnreachable(f"the server answers {error.code} {error.reason}") from error
    except TimeoutError as error:
        raise SourceUnreachable(f"the server said nothing for {SILENCE_SECONDS:.0f} s") from error
    except urllib.error.URLError as error:
        reason = error.reason
        if isinstance(reason, TimeoutError):
            reason = f"it said nothing for {SILENCE_SECONDS:.0f} s"
        raise SourceUnreachable(f"the server does not answer: {getattr(reason, 'strerror', None) or reason}") from error
    except (http.client.HTTPException, ConnectionError) as error:
        raise SourceUnreachable(f"the connection broke off: {error or type(error).__name__}") from error
    except ValueError as error:
        raise SourceUnreachable(f"the server's answer cannot be read: {error}") from error


def _length(text: str) -> int | None:
    """The bytes that a header announces; None where it is no number."""
    return int(text[:18]) if text.isascii() and text.isdigit() else None


def _copy(answer: Any, target: str, most: int, length: int | None, said: Callable[[str], None]) -> int:
    total = 0
    marked, marked_at = 0, time.monotonic()
    of_all = f" of {format_bytes(length)}" if length is not None else ""
    with open(target, "xb") as file:
        while part := answer.read1(_PART):
            total += len(part)
            if total > most:
                raise _too_large(most)
            file.write(part)
            said(f"{format_bytes(total)}{of_all}")
            now = time.monotonic()
            if now - marked_at > _RATE_SECONDS:
                if total - marked < _LEAST_RATE * _RATE_SECONDS:
                    raise SourceUnreachable(f"the server sends less than {_LEAST_RATE:,} bytes a second")
                marked, marked_at = total, now
    if length is not None and total != length:
        raise SourceUnreachable(f"the connection broke off after {format_bytes(total)}{of_all}")
    return total


def _too_large(most: int) -> SourceRefused:
    return SourceRefused(f"it is larger than {format_bytes(most)}; see --max-fetch")
