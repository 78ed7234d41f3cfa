"""Items as most are sent: JSON that decodes straight into a struct.

What is not plain goes the general way, by `json_body.decode` and `Resource.merge`, which alone word
refusals. Where an item is plain, both ways come to the same row, but for the order of members
within nested objects: here it is the declared one, there the sender's.
"""

import datetime
import functools
import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType
from msgspec import inspect as types

from domain.fields import MAX_ITEM_BYTES, check_custom
from domain.merge import Document
from domain.resource import Resource, members_text
from domain.shape import MAX_INTEGER, Members, Shape, members_of


class Plain(msgspec.Struct, gc=False):
    """An item in which nothing is wrong, that sets fields of its own row and nothing else.

    It has no nulls, no links, no names that the struct does not have, and none twice.
    """

    sent: str
    """Its members as JSON, in canonical order, without braces."""
    members: str
    """The same of a new row made of it: rules may have changed them."""
    client_ref: str | None
    sort_key: str

    @property
    def value(self) -> Document:
        """What was sent, decoded."""
        value: Document = msgspec.json.decode(f"{{{self.sent}}}")
        return value


def decoded(item: Any) -> Any:
    """An item, plain or decoded, as JSON."""
    return item.value if isinstance(item, Plain) else item


def client_ref_of(item: Any) -> str | None:
    """What an item, plain or decoded, wants to be found by."""
    if isinstance(item, Plain):
        return item.client_ref
    ref = item.get("clientRef") if isinstance(item, dict) else None
    return ref if isinstance(ref, str) else None


_encoder = msgspec.json.Encoder(enc_hook=str)


def decode(resource: Resource, raw: bytes) -> Plain | None:
    """An item, if it is plain."""
    # It was exported, and is not plain: the decoder would take much longer to say so.
    if b'"_id"' in raw:
        return None
    found = _decode(_decoders(resource)[0], _encoder.encode, raw)
    return _plain(resource, *found) if found else None


def decode_list(resource: Resource, raws: Sequence[msgspec.Raw]) -> list[Plain | None]:
    """Items of an import, each if it is plain; where all are, in half the time."""
    found = _decode(_decoders(resource)[1], _encoder.encode_lines, b"[%b]" % b",".join(raws))
    if found is None:
        return [decode(resource, bytes(raw)) for raw in raws]
    items, lines = found
    return [
        _plain(resource, item, text) for item, text in zip(items, lines.splitlines(), strict=True)
    ]


def _decode(
    decoder: msgspec.json.Decoder[Any], encode: Callable[[Any], bytes], raw: bytes
) -> tuple[Any, bytes] | None:
    """A decoded value and its canonical text; None where something of it would be lost."""
    # A NUL, and a colon that would not be counted.
    if b"\\" in raw and (rb"\u0000" in raw or rb"\u003" in raw):
        return None
    try:
        value = decoder.decode(raw)
    except (msgspec.MsgspecError, ValueError):
        return None
    text = encode(value)
    # Of a name that comes twice only one is decoded, and its colon is missing here.
    return (value, text) if raw.count(b":") == text.count(b":") else None


def _plain(resource: Resource, item: Any, text: bytes) -> Plain | None:
    if len(text) > MAX_ITEM_BYTES:
        return None
    sent = members = text[1:-1].decode()
    sort_key = ""
    if resource.has_rules:
        fields = msgspec.to_builtins(item, enc_hook=str)
        resource.normalise(fields)
        if resource.check(fields):
            return None
        members, sort_key = members_text(resource.fields_of(fields)), resource.sort_key(fields)
    client_ref = getattr(item, "clientRef", UNSET)
    return Plain(sent, members, None if client_ref is UNSET else client_ref, sort_key)


@functools.cache
def _decoders(resource: Resource) -> tuple[msgspec.json.Decoder[Any], msgspec.json.Decoder[Any]]:
    """For an item, and for a list of them."""
    struct = _struct(members_of(resource.struct))
    return (
        msgspec.json.Decoder(struct, dec_hook=check_custom),
        msgspec.json.Decoder(list[struct], dec_hook=check_custom),  # type: ignore[valid-type]
    )


def _struct(members: Members) -> type[msgspec.Struct]:
    """A struct that takes less: no links, no unknown members, no number out of bounds.

    Numbers stay what they were: `35` does not become `35.0`.
    """
    fields: list[Any] = [
        (name, _type(member.shape))
        if member.required
        else (name, _type(member.shape) | UnsetType, UNSET)
        for name, member in members.by_name.items()
        if not member.link
    ]
    return msgspec.defstruct("Plain", fields, kw_only=True, forbid_unknown_fields=True, gc=False)


def _type(shape: Shape) -> Any:
    match shape.kind:
        case types.StructType() if shape.members is not None:
            return _struct(shape.members)
        case types.ListType() as listed if shape.item is not None:
            return Annotated[list[_type(shape.item)], _meta(listed, "min_length", "max_length")]  # type: ignore[misc]
        case types.IntType() as number:
            return _whole(number)
        case types.FloatType() as number:
            return Annotated[float, _meta(number, "ge", "gt", "le", "lt")] | _whole(number)
        case types.StrType() as text:
            return Annotated[str, _meta(text, "min_length", "max_length", "pattern")]
        case types.LiteralType(values=values):
            return Literal[values]
        case types.DateType():
            return datetime.date
        case types.CustomType(cls=cls):
            return cls
    return bool


def _meta(kind: types.Type, *constraints: str) -> Meta:
    return Meta(**{name: getattr(kind, name) for name in constraints})


def _whole(number: types.FloatType | types.IntType) -> Any:
    """Whole numbers within a number's bounds; of larger ones the general way decides."""
    least, most = -MAX_INTEGER, MAX_INTEGER
    if number.ge is not None:
        least = max(least, math.ceil(number.ge))
    if number.gt is not None:
        least = max(least, math.floor(number.gt) + 1)
    if number.le is not None:
        most = min(most, math.floor(number.le))
    if number.lt is not None:
        most = min(most, math.ceil(number.lt) - 1)
    return Annotated[int, Meta(ge=least, le=most)]
