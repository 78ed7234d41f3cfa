"""Every tool, in the order in which they are told. What is not in `TOOLS` does not exist."""

from typing import Final

from server.mcp.tool import Tool
from server.mcp.tools.history import HISTORY, UNDO
from server.mcp.tools.jobs import GET_JOB
from server.mcp.tools.messages import LIST_MESSAGES, POST_MESSAGE
from server.mcp.tools.reading import FIND_IN_TRIP, GET_DAY, LIST_ITEMS
from server.mcp.tools.trips import (
    ARCHIVE_TRIP,
    CREATE_TRIP,
    GET_TRIP,
    LIST_TRIPS,
    SHARE_TRIP,
    UPDATE_TRIP,
    WHOAMI,
)
from server.mcp.tools.writing import DELETE_ITEMS, SYNC_TRIP, UPSERTS

TOOLS: Final[tuple[Tool, ...]] = (
    WHOAMI,
    LIST_TRIPS,
    GET_TRIP,
    GET_DAY,
    FIND_IN_TRIP,
    LIST_ITEMS,
    CREATE_TRIP,
    UPDATE_TRIP,
    ARCHIVE_TRIP,
    *UPSERTS,
    DELETE_ITEMS,
    SYNC_TRIP,
    HISTORY,
    UNDO,
    LIST_MESSAGES,
    POST_MESSAGE,
    SHARE_TRIP,
    GET_JOB,
)

BY_NAME: Final = {tool.name: tool for tool in TOOLS}
