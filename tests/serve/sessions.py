"""Sessions of the protocol with the installed server, by the SDK's own client."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@contextlib.asynccontextmanager
async def session_over_stdio(exosuit: Path, *arguments: object, **options: Any) -> AsyncIterator[ClientSession]:
    """An initialized session; `options` are the client's."""
    parameters = StdioServerParameters(command=str(exosuit), args=["mcp", *map(str, arguments)], env=dict(os.environ))
    async with stdio_client(parameters) as (read, write), ClientSession(read, write, **options) as session:
        await session.initialize()
        yield session


async def values_of(session: ClientSession, tool: str, **given: Any) -> dict[str, Any]:
    """The values of a tool that succeeds; the client has checked them against the tool's schema."""
    done = await session.call_tool(tool, given)
    assert not done.isError, done.content
    assert done.structuredContent is not None
    return {**done.structuredContent, "shown": text_of(done)}


async def error_of(session: ClientSession, tool: str, **given: Any) -> str:
    """What a tool says that fails."""
    done = await session.call_tool(tool, given)
    assert done.isError
    return text_of(done)


def text_of(done: Any) -> str:
    return "".join(each.text for each in done.content)
