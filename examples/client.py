"""A client of the API in the standard library alone, to copy from.

It does what every client of a network service should: it sends an `Idempotency-Key` with each
write, so that trying again is safe; it tries again when the connection is lost; and it waits
as long as the server says when it is over its rate limit.
"""

import dataclasses
import http.client
import json
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

API = "/api/v1"
ATTEMPTS = 5
TIMEOUT_SECONDS = 120
JOB_SECONDS = 300


class ApiError(Exception):
    """The server refused a request."""

    def __init__(self, status: int, code: str, message: str, request_id: str) -> None:
        super().__init__(f"{status} {code}: {message} ({request_id})")
        self.status = status
        self.code = code


@dataclasses.dataclass(frozen=True)
class Answer:
    """A response."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        """The decoded body; None where there is none."""
        return json.loads(self.raw) if self.raw else None


class Client:
    """Speaks to a server at `url` with one key, or with none (share links need none)."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url = url.rstrip("/")
        self._key = key
        self._opener = urllib.request.build_opener()

    def get(self, path: str) -> Answer:
        """GET; `path` is below the API's base path."""
        return self.send("GET", path)

    def post(self, path: str, body: Any = None) -> Answer:
        """POST. A large import that the server answers with a job is waited for."""
        answer = self.send("POST", path, body)
        return self._job_result(answer) if answer.status == 202 else answer

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.send("DELETE", path)

    def pages(self, path: str, limit: int = 200) -> Iterator[list[Any]]:
        """The pages of a list, each asked for when it is wanted."""
        cursor: str | None = ""
        while cursor is not None:
            mark = "&" if "?" in path else "?"
            following = f"&cursor={cursor}" if cursor else ""
            page = self.get(f"{path}{mark}limit={limit}{following}").json
            yield page["items"]
            cursor = page["nextCursor"]

    def send(self, method: str, path: str, body: Any = None) -> Answer:
        """One request, tried again where that can help; `ApiError` when it is refused."""
        headers = {"Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        if method != "GET":
            # The same key on every attempt: what was done already is not done again.
            headers["Idempotency-Key"] = str(uuid.uuid4())
        data = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            data = json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(  # noqa: S310 - the server's URL is the caller's own
            f"{self.url}{API}{path}", data, headers, method=method
        )
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._send_once(request)
            except urllib.error.HTTPError as error:
                refusal = _refusal(error)
                if attempt == ATTEMPTS or refusal.status not in (429, 500, 502, 503, 504):
                    raise refusal from None
                pause = float(error.headers.get("Retry-After") or 0.5 * 2**attempt)
            except (OSError, http.client.HTTPException):
                # The connection was lost: the request may have been done, or may not.
                if attempt == ATTEMPTS:
                    raise
                pause = 0.1 * 2**attempt
            time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def _send_once(self, request: urllib.request.Request) -> Answer:
        with self._opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return Answer(response.status, response.headers, response.read())

    def _job_result(self, accepted: Answer) -> Answer:
        """Asks for a job until it has ended; its result as the answer to the request."""
        path = accepted.headers["Location"].removeprefix(API)
        deadline = time.monotonic() + JOB_SECONDS
        pause = 0.2
        while time.monotonic() < deadline:
            job = self.get(path).json
            if job["status"] == "succeeded":
                return Answer(200, accepted.headers, json.dumps(job["result"]).encode())
            if job["status"] == "failed":
                error = job["error"]
                raise ApiError(202, error["code"], error["message"], job["_id"])
            time.sleep(pause)
            pause = min(2 * pause, 5)
        raise TimeoutError(f"{path} has not ended in {JOB_SECONDS} s")


def _refusal(error: urllib.error.HTTPError) -> ApiError:
    """The server's error envelope; a proxy in between may have answered something else."""
    try:
        envelope = json.loads(error.read())["error"]
        return ApiError(error.code, envelope["code"], envelope["message"], envelope["requestId"])
    except (ValueError, LookupError, TypeError):
        return ApiError(error.code, "UNKNOWN", str(error.reason), "no request id")
