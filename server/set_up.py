"""The first run: what the API and the page ask for before the first user is somebody's."""

from typing import Any, Final

from domain.errors import Forbidden
from domain.set_up_code import is_set_up_code
from domain.sign_in import SetUp, chosen
from operations.set_up import require_open
from server.route import Call
from server.signing_in import Attempt, begin_attempt

WRONG_CODE: Final = "This is not the code that the server has printed: `carnet serve` tells it"


async def check_code(call: Call, body: Any) -> tuple[SetUp, str]:
    """What was sent, and the hash of its password.

    Raises `ValidationFailed`; `Conflict` where the first user is claimed, `Forbidden` for a wrong
    code, which is counted like a failed sign-in, and `RateLimited`.
    """
    services = call.services
    sent = chosen(SetUp, body, "password")
    await services.store.read(require_open)
    attempt = Attempt(call, "the set-up code")
    await begin_attempt(call, attempt.begin)
    if not is_set_up_code(services.signing_secret, sent.code):
        raise Forbidden(WRONG_CODE)
    await services.store.write(attempt.succeed)
    return sent, await services.passwords.hash(sent.password)
