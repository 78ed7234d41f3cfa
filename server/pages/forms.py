"""What a form sends (WHATWG URL, application/x-www-form-urlencoded)."""

from typing import Final
from urllib.parse import parse_qsl

from domain.errors import UnsupportedMediaType, ValidationFailed
from server.bodies import receive
from server.body_budget import BodyAccount
from server.guards import require_known_coding
from server.pages.visit import LARGEST_FORM
from server.route import ANY, Body, Call

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 1_000
_BODY: Final = Body(type=bytes, media_type=ANY, largest=LARGEST_FORM)


async def take_form(call: Call) -> dict[str, list[str]]:
    """All values of each field, as they were typed (415, 413, 400)."""
    if call.request.content_type != MEDIA_TYPE:
        raise UnsupportedMediaType(f"A form is sent as {MEDIA_TYPE}")
    require_known_coding(call.request)
    account = BodyAccount(call.services.bodies)
    try:
        raw = await receive(call, _BODY, account)
        pairs = parse_qsl(
            raw.decode(),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:
        raise ValidationFailed([], "This is no form in UTF-8") from error
    finally:
        account.free()
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value:
            raise ValidationFailed([], "The form has a NUL character, which text cannot hold")
        # Browsers send lines with CR LF (WHATWG HTML, form submission).
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    return fields
