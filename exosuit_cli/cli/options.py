"""Options that several commands have, each written once."""

from __future__ import annotations

from typing import Annotated

import typer

SELECTION = "Selection"
WORK = "Work"
OUTPUT = "Output"


def path(typed: str) -> str:
    """A PATH as it was typed; the help names the type of an argument by the name of its parser."""
    return typed


Encoding = Annotated[
    str | None, typer.Option("--encoding", metavar="NAME", help="o200k_base or cl100k_base.", rich_help_panel=WORK)
]
Workers = Annotated[
    int | None, typer.Option("--workers", metavar="N", help="Processes; 0 is one a processor.", rich_help_panel=WORK)
]
Device = Annotated[
    str | None, typer.Option("--device", metavar="NAME", help="auto, cpu, cuda:N or cuda:N,M.", rich_help_panel=WORK)
]
Ignore = Annotated[
    bool | None,
    typer.Option("--ignore/--no-ignore", help="Apply ignore rules as git does.", rich_help_panel=SELECTION),
]
Hidden = Annotated[
    bool | None,
    typer.Option("--hidden/--no-hidden", help="Take names that start with a dot.", rich_help_panel=SELECTION),
]
Follow = Annotated[
    bool | None, typer.Option("--follow/--no-follow", help="Follow symbolic links.", rich_help_panel=SELECTION)
]
OneFileSystem = Annotated[
    bool | None,
    typer.Option("--one-file-system/--no-one-file-system", help="Stay on one file system.", rich_help_panel=SELECTION),
]
MaxFileSize = Annotated[
    str | None,
    typer.Option(
        "--max-file-size",
        metavar="SIZE",
        help="Skip larger files, for example 4GiB; 0: none.",
        rich_help_panel=SELECTION,
    ),
]
Include = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Only what matches; repeatable.", rich_help_panel=SELECTION),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Not what matches; repeatable.", rich_help_panel=SELECTION),
]
Stdin0 = Annotated[
    bool,
    typer.Option("--stdin0", help="Take the NUL-separated names on stdin, below PATH.", rich_help_panel=SELECTION),
]
Config = Annotated[
    str | None, typer.Option("--config", metavar="FILE", help="A settings file to use.", rich_help_panel=OUTPUT)
]
LogFile = Annotated[
    str | None,
    typer.Option("--log-file", metavar="FILE", help="Append JSON log lines to FILE.", rich_help_panel=OUTPUT),
]
Verbose = Annotated[
    int,
    typer.Option(
        "--verbose", "-v", count=True, metavar="", show_default=False, help="Say more.", rich_help_panel=OUTPUT
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Errors only.", rich_help_panel=OUTPUT)]
Debug = Annotated[bool, typer.Option("--debug", help="Traceback with an error.", rich_help_panel=OUTPUT)]
