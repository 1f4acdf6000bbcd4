"""The tool `pack`: whole files as one text, without an index, or what answers a query, from the index."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, Any

from exosuit_cli import tokens
from exosuit_cli.commands.context import roots_of
from exosuit_cli.commands.pack import OpenPack, run_pack
from exosuit_cli.commands.pack_query import answer_pack, surroundings
from exosuit_cli.commands.pack_request import pack_request
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.output import PackOutput
from exosuit_cli.report.pack.document import pack_document
from exosuit_cli.report.pack.query_document import query_pack_document
from exosuit_cli.serve.messages import Failure, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.ingest import ProgressCallback
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.serve.messages import Call
    from exosuit_cli.serve.workspace import Workspace
    from exosuit_cli.system.stop import StopRequest


def pack_roots(call: Call, *, stop: StopRequest, progress: ProgressCallback) -> Reply | Failure:
    """Pack the roots of a call. Raises UsageError where nothing of them fits the budget."""
    roots = call.roots or tuple(map(os.fsdecode, roots_of(call.context or "")))
    if not roots:
        raise UsageError(f"the context {call.context!r} has no sources; name one that `exosuit context list` has")
    given = dict(call.given)
    given[given.pop("detail")] = True
    request = pack_request(roots, given, config=call.config)
    text = io.BytesIO()

    @contextlib.contextmanager
    def opened() -> Iterator[OpenPack]:
        yield OpenPack(PackOutput(text), progress=progress)

    outcome = run_pack(request, opened, stop=stop)
    if outcome.result.scan.partial is not None:
        return Failure("cancelled")
    document: dict[str, Any] = pack_document(outcome.result, request.packing)
    values = {**document, "text": text.getvalue().decode("utf-8", "replace"), "warnings": list(outcome.warnings)}
    values["left_out"] = [each["path"] for each in document["left_out"]]
    values["secrets"] = len(document["secrets"])
    return Reply(values["text"], values)


def pack_answers(_: Workspace, found: SearchedContext, searcher: Searcher, given: Mapping[str, Any]) -> Reply:
    """Pack what answers the query. Raises UsageError where nothing of it fits the budget."""
    named = dict(given)
    named[named.pop("detail")] = True
    request = pack_request((), named | {"encoding": found.context.encoding()})
    text = io.BytesIO()
    count = tokens.load_counter(request.packing.encoding).count_batch
    outcome = answer_pack(request, found, searcher, PackOutput(text), count, surroundings(request))
    document = query_pack_document(outcome, request.packing)
    values = {**document, "text": text.getvalue().decode()}
    places = (f"{each['path']}:{each['start_line']}-{each['end_line']}" for each in document["left_out"])
    values["left_out"] = list(places)
    values["secrets"] = len(document["secrets"])
    return Reply(values["text"], values)
