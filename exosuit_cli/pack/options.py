"""What a pack is asked to hold: resolved and checked. Every option of it is declared here, once."""

from __future__ import annotations

from exosuit_cli.config.option import PACK, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.detail import Detail

FORMATS = ("xml", "markdown", "json", "plain")
SECRETS = ("redact", "fail", "ignore")
STRIPS = ("whitespace", "licence")
_DETAILS = {
    "files": Detail.PATH,
    "outline": Detail.OUTLINE,
    "signatures": Detail.SIGNATURES,
    "full": Detail.FULL,
}


@dataclass(frozen=True, slots=True)
class PackOptions:
    """What a pack holds and how it is written. The defaults are those of the command line.

    budget: the most tokens of all that is written; 0 for no limit. files, outline, signatures, full: the most detail
    that a file gets; at most one of them. split: tokens of each part; 0 for one part. encoding: a name known to
    `tokens`.

    Raises UsageError for a value that is not accepted, and for options that contradict each other.
    """

    query: str | None = option(
        None,
        "Pack what answers this, from the index: words, names, an error message.",
        changes="neither",
        panel=PACK,
        shown="whole files",
    )
    budget: int = option(
        0,
        "The most tokens of all that is written; 0: no limit.",
        kind="tokens",
        changes="neither",
        panel=PACK,
        shown="no limit; 8k with --query",
    )
    files: bool = option(False, "The paths of files only.", changes="neither", panel=PACK)
    outline: bool = option(False, "The names of what files define, at most.", changes="neither", panel=PACK)
    signatures: bool = option(False, "Signatures and doc comments, at most.", changes="neither", panel=PACK)
    full: bool = option(False, "Whole texts, where they fit: the default.", changes="neither", panel=PACK)
    format: str = option("xml", "The form of what a model reads", choices=FORMATS, changes="neither", panel=PACK)
    split: int = option(
        0, "Write parts of at most so many tokens; 0: one.", kind="tokens", changes="neither", panel=PACK
    )
    tree: bool = option(True, "The tree of the files that the pack has.", changes="neither", panel=PACK)
    line_numbers: bool = option(False, "Number the lines of texts.", changes="neither", panel=PACK)
    secrets: str = option("redact", "What becomes of keys and tokens", choices=SECRETS, changes="neither", panel=PACK)
    strip: tuple[str, ...] = option(
        (),
        f"Leave out of texts: {' or '.join(STRIPS)}; repeatable.",
        changes="neither",
        panel=PACK,
        metavar="WHAT",
    )
    encoding: str = "o200k_base"

    def __post_init__(self) -> None:
        for name in ("budget", "split"):
            if type(getattr(self, name)) is not int or getattr(self, name) < 0:
                raise UsageError(f"{name} {getattr(self, name)!r} is not accepted; accepted: 0 and more tokens")
        chosen = [name for name in _DETAILS if getattr(self, name)]
        if len(chosen) > 1:
            raise UsageError(f"{' and '.join(f'--{name}' for name in chosen)} contradict each other; give one of them")
        for what in self.strip:
            if what not in STRIPS:
                raise UsageError(f"strip {what!r} is not accepted; accepted: {' or '.join(STRIPS)}")
        for name, accepted, inner in (("format", FORMATS, ("raw",)), ("secrets", SECRETS, ())):  # raw: of a template
            if getattr(self, name) not in (*accepted, *inner):
                raise UsageError(f"{name} {getattr(self, name)!r} is not accepted; accepted: {', '.join(accepted)}")
        if self.query is not None and self.split:
            raise UsageError("query makes one pack under a budget and split cuts one into parts; give one of them")
        if self.budget and self.split:
            raise UsageError("budget bounds one pack and split cuts it into parts; give one of them")

    @property
    def detail(self) -> Detail:
        """The most detail that a file gets."""
        return next((detail for name, detail in _DETAILS.items() if getattr(self, name)), Detail.FULL)
