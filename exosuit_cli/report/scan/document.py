"""The scan document: everything a scan reports, as one JSON object (`schemas/scan.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exosuit_cli import __version__
from exosuit_cli.remote.origins import origin_of
from exosuit_cli.report.scan.records import file_record, skip_record
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.config.schema import Phase
    from exosuit_cli.device import DeviceTotals
    from exosuit_cli.ingest import ScanResult
    from exosuit_cli.ingest.result import Throughput
    from exosuit_cli.system.memory import MemoryReport, TierReading

SCHEMA = "exosuit.scan/1"


def scan_document(
    result: ScanResult, phases: Sequence[Phase], current_phase: int | None, *, top: int, tree: bool
) -> dict[str, Any]:
    """The document of a scan; `top` bounds the lists of largest files and duplicate groups, `tree` adds directories."""
    totals = result.totals
    duplicates = result.duplicates()
    throughput = result.throughput
    base, base_exact = text_name(result.base)
    origin = origin_of(result.base)
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "exosuit_version": __version__,
        "base": base,
        **({"base_b64": base_exact} if base_exact is not None else {}),
        **({"origin": origin} if origin is not None else {}),
        "hash": result.hash,
        "encoding": result.encoding,
        "partial": result.partial,
        "tree_digest": result.tree_digest,
        "totals": {
            "files": totals.files,
            "bytes": totals.bytes,
            "lines": totals.lines,
            "tokens": totals.tokens,
            "tokens_estimated_files": totals.estimated_files,
        },
        "ledger": {
            "discovered": result.discovered,
            "ingested": len(result.paths),
            "skipped": result.skipped,
            "directories": result.directories,
        },
        "unreadable": [skip_record(skip) for skip in result.unreadable],
        "own_outputs": [skip_record(skip) for skip in result.marked],
        "languages": [
            {
                "language": language.language,
                "kind": language.kind.name.lower(),
                "files": language.files,
                "bytes": language.bytes,
                "lines": language.lines,
                "tokens": language.tokens,
            }
            for language in result.languages()
        ],
        "largest": [file_record(result, position) for position in result.largest(top)],
        "duplicates": {
            "groups": len(duplicates.groups),
            "redundant_files": duplicates.redundant_files,
            "bytes_saved": duplicates.bytes_saved,
            "tokens_saved": duplicates.tokens_saved,
            "largest": [
                {
                    "digest": result.digest(group.members[0]),
                    "size": group.size,
                    "tokens": group.tokens,
                    "paths": [text_name(result.paths[member])[0] for member in group.members],
                }
                for group in duplicates.groups[:top]
            ],
        },
        "throughput": throughput_record(throughput, totals.files)
        | {"device_work": _device_work(throughput.device_totals)},
        "memory": memory_record(result.memory),
        "phases": [
            {
                "phase": phase.phase,
                "name": phase.name,
                "token_limit": phase.token_limit,
                "current": phase.phase == current_phase,
                "fits": None if totals.tokens is None else totals.tokens <= phase.token_limit,
                "tokens_over": None if totals.tokens is None else totals.tokens - phase.token_limit,
            }
            for phase in phases
        ],
        "ignore_problems": [
            {"source": problem.source, "line": problem.line, "text": text_name(problem.text)[0], "why": problem.why}
            for problem in result.problems
        ],
        "warnings": result.warnings,
    }
    if result.verify_failures is not None:
        document["verify_failures"] = [text_name(result.paths[position])[0] for position in result.verify_failures]
    if tree:
        document["tree"] = [
            {"path": text_name(path)[0] or ".", "files": files, "bytes": size, "tokens": tokens}
            for path, files, size, tokens in result.directory_totals()
        ]
    return document


def throughput_record(throughput: Throughput, files: int) -> dict[str, Any]:
    """Time and work of a run over so many files."""
    return {
        "wall_s": throughput.wall_s,
        "cpu_s": throughput.cpu_s,
        "files_per_s": files / throughput.wall_s,
        "bytes_per_s": throughput.bytes_per_s,
        "tokens_per_s": throughput.tokens_per_s,
        "rates_reason": throughput.idle_reason,
        "workers": throughput.workers,
        "worker_deaths": throughput.worker_deaths,
        "device": throughput.device,
        "device_reason": throughput.device_reason,
        "index": throughput.index_reason,
        "index_hits": throughput.index_hits,
        "bytes_read": throughput.bytes_read,
        "tokens_counted": throughput.tokens_counted,
        "stages_s": dict(throughput.stages),
    }


def memory_record(memory: MemoryReport) -> dict[str, Any]:
    """The peak of each tier."""
    return {name: _tier(getattr(memory, name)) for name in ("vram", "shared", "ram", "nvme", "page_cache")}


def _device_work(totals: DeviceTotals | None) -> dict[str, Any] | None:
    """What a CUDA device did, by its own clock: seconds in which any of its queues was at it, between launches too."""
    if totals is None:
        return None
    achieved = rate(totals.bytes_in, totals.copy_in_seconds)
    peak = totals.peak_copy_bytes_per_s
    return {
        "slabs": totals.slabs,
        "chunk_ids": totals.chunk_ids,
        "halved_slabs": totals.halved_slabs,
        "cpu_files": totals.cpu_files,
        "cpu_bytes": totals.cpu_bytes,
        "cpu_line_slabs": totals.cpu_line_slabs,
        "bytes_in": totals.bytes_in,
        "bytes_out": totals.bytes_out,
        "kernel_s": totals.kernel_seconds,
        "copy_in_s": totals.copy_in_seconds,
        "copy_out_s": totals.copy_out_seconds,
        "kernel_bytes_per_s": rate(totals.bytes_in, totals.kernel_seconds),
        "copy_in_bytes_per_s": achieved,
        "peak_copy_bytes_per_s": peak,
        "copy_in_share_of_peak": achieved / peak if achieved is not None and peak else None,
    }


def rate(amount: int, seconds: float) -> float | None:
    """An amount a second; None where no time was measured."""
    return amount / seconds if seconds > 0 else None


def _tier(reading: TierReading) -> dict[str, Any]:
    return {"peak_bytes": reading.peak_bytes, "reason": reading.reason, **reading.details}
