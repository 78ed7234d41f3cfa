"""The first run by HTTP (contract section 19)."""

from domain.errors import CarnetError
from domain.sign_in import SetUp
from operations.set_up import claim
from server.api import session
from server.route import Call, Reply
from server.set_up import check_code
from server.signing_in import outcome_of, require
from storage.store import Tx


async def check(call: Call) -> tuple[SetUp, str] | CarnetError:
    """Looks at the code, and hashes the password."""
    return await outcome_of(check_code(call, call.body))


async def set_up(tx: Tx, call: Call) -> Reply:
    """The first user is the caller from now on, who is signed in."""
    sent, hashed = require(call.prepared)
    return await session.begin(tx, call, await claim(tx, sent, hashed), 201)
