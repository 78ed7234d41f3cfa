"""What a form sends (WHATWG HTML, form submission)."""

from typing import Final
from urllib.parse import parse_qsl

from domain.errors import UnsupportedMediaType, ValidationFailed
from server.bodies import receive
from server.guards import require_known_coding
from server.pages import multipart
from server.pages.visit import LARGEST_FORM, Visit
from server.route import ANY, Body

MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
_MOST_FIELDS: Final = 1_000
_BODY: Final = Body(type=bytes, media_type=ANY, largest=LARGEST_FORM)
_BODY_WITH_FILE: Final = Body(type=bytes, media_type=ANY)


async def take_form(visit: Visit) -> None:
    """Gives the visit all values of each field, and the file where there is one (415, 413, 400)."""
    takes_file, request = visit.route.takes_file, visit.call.request
    media_type = multipart.MEDIA_TYPE if takes_file else MEDIA_TYPE
    if request.content_type != media_type:
        raise UnsupportedMediaType(f"This form is sent as {media_type}")
    require_known_coding(request)
    raw = await receive(visit.call, _BODY_WITH_FILE if takes_file else _BODY, visit.account)
    try:
        if takes_file:
            pairs, visit.file = await multipart.parse(request.headers["Content-Type"], raw)
        else:
            pairs = parse_qsl(
                raw.decode(),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=_MOST_FIELDS,
            )
    except ValueError as error:
        raise ValidationFailed([], "This is no form in UTF-8") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        if "\0" in value:
            raise ValidationFailed([], "The form has a NUL character, which text cannot hold")
        # Browsers send lines with CR LF.
        fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    visit.fields = fields
    visit.form = {name: values[-1].strip() for name, values in fields.items()}
