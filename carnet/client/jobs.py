"""Jobs, by which a server does what is large."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from carnet.client.calls import Document, Response
from carnet.client.errors import DeadlineExceeded, told

OnProgress = Callable[[Document], None]
"""Told how far a job is, each time that it is asked for."""
ReadJob = Callable[[str], Awaitable[Document]]

_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 5.0


async def ended(
    read: ReadJob, job_id: str, *, timeout: float | None, on_progress: OnProgress | None
) -> Document:
    """A job once it has succeeded; the error of one that has failed is raised."""
    pause = _FIRST_PAUSE
    try:
        async with asyncio.timeout(timeout):
            while True:
                job = await read(job_id)
                if on_progress:
                    on_progress(job)
                if job["status"] == "succeeded":
                    return job
                if job["status"] == "failed":
                    raise told(job.get("error", {"message": f"Job {job_id} failed"}))
                await asyncio.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
    except TimeoutError as error:
        raise DeadlineExceeded(f"Job {job_id} has not ended within {timeout:g} s") from error


async def followed(
    read: ReadJob, response: Response[Document], on_progress: OnProgress | None = None
) -> Response[Document]:
    """What a request came to, also where the server answers with a job at first."""
    if response.status != 202:
        return response
    job = await ended(read, response.data["_id"], timeout=None, on_progress=on_progress)
    return Response(job["result"], response.status, response.headers)
