"""Failures as responses, in one place."""

import msgspec

from domain.errors import CarnetError
from server.route import Reply


def render(error: CarnetError, request_id: str) -> Reply:
    """A failure as a response with the error envelope (contract section 2)."""
    return Reply(error.status, msgspec.json.encode(error.body(request_id)), error.headers)
