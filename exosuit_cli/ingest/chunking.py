"""Chunking a tree: the pipeline of a scan, whose workers cut what they have read, and one sink for all chunks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from exosuit_cli.chunk import options as limits
from exosuit_cli.chunk.batch import Chunking
from exosuit_cli.ingest.collector import ChunkCollector
from exosuit_cli.ingest.pipeline import Run
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.walk.roots import resolve_names, resolve_roots

if TYPE_CHECKING:
    from exosuit_cli.chunk.batch import Renderer
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.statistics import ChunkStatistics
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.ingest.collector import BatchCollector, ChunkSink
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.ingest.result import ScanResult
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.walk.roots import PathLike

BATCH_FILES = 300
"""The most files in a batch: their rendered chunks are held in memory, and go to the parent as one message."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """A finished run: the scan of the files that were read, and the statistics of their chunks.

    A partial run (`scan.partial`) has written the chunks of the first files only. `statistics` describe the chunks that
    were written; `fallbacks` counts, by reason and language, the files that fell back to another way of cutting.
    """

    scan: ScanResult
    statistics: ChunkStatistics
    fallbacks: Fallbacks = field(default_factory=Counter)


def chunk(
    paths: PathLike | Sequence[PathLike],
    chunking: ChunkOptions,
    options: ScanOptions,
    *,
    renderer: Renderer,
    sink: ChunkSink,
    names: Sequence[bytes] | None = None,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> ChunkResult:
    """Cut every text file below the paths into chunks and hand them to `sink`, in the order of the walk.

    A directory's files come in byte order of their names, then its directories. What the sink gets depends on the tree
    and the options only, not on workers or the order in which they finish. Binary files have rows and no chunks. Of
    `options`, the encoding is that of `chunking`, and there is no index: chunks need the bytes. With `names`, `paths`
    is one directory, and they are scanned as `scan_names` does. For the rest see `scan`.

    Memory: that of a scan, a bounded number of rendered batches, and about 150 bytes a chunk to know repeated ones.
    """
    collector = ChunkCollector(Chunking(chunking, renderer), sink)
    options = replace(options, use_index=False)
    result = chunk_into(collector, paths, options, names=names, stop=stop, progress=progress)
    throughput = replace(result.throughput, index_reason="not used: chunks need the bytes")
    return ChunkResult(replace(result, throughput=throughput), collector.statistics, collector.fallbacks)


def chunk_into(
    collector: BatchCollector,
    paths: PathLike | Sequence[PathLike],
    options: ScanOptions,
    *,
    names: Sequence[bytes] | None = None,
    reads_index: bool = True,
    only_changed: bool = False,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> ScanResult:
    """Cut as `chunk` does and hand each batch to the collector.

    With an index, every file is read and it is written; without `reads_index` the walk learns nothing from it either.
    With `only_changed`, a file is neither read nor cut that the index says is unchanged: the result has its row.
    """
    several = paths if isinstance(paths, Sequence) and not isinstance(paths, (str, bytes)) else [paths]
    roots = resolve_roots(several) if names is None else resolve_names(several[0], names)
    options = replace(
        options,
        encoding=collector.chunking.encoding,
        verify=False,
        batch_files=min(options.batch_files, BATCH_FILES),
        # A text that is longer than a segment is cut in segments first.
        slab_bytes=min(options.slab_bytes, limits.SEGMENT_BYTES - 1),
    )
    return Run(roots, options, stop, progress, collector, reads_index=reads_index, only_changed=only_changed).run()
