"""Examples of requests and replies: what the sample says, in the form that a schema has."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from domain.errors import CarnetError
from domain.fields import words
from domain.resources import BY_KIND, RESOURCES
from domain.trip import TRIP
from server import event_text
from server.openapi.sample import (
    FAILURES,
    FILE,
    FROM_CONTEXT,
    IN_PART,
    NOW,
    OMITTED,
    REQUEST_ID,
    ROWS,
    TEXTS,
    VALUES,
    WHOLE,
    Members,
    id_of,
)
from server.openapi.shapes import Schema, Shapes, subject_of

_DATE: Final = "2027-04-02"
_OF_ROWS: Final = {"Change", "ChangesetItem", "ItemResult", "UndoneItem"}
"""Schemas that tell of a row of whatever kind."""
_SUBJECTS: Final = {each.snapshot: each.struct.__name__ for each in (TRIP, *RESOURCES)}
"""What the members of snapshots and their results are about."""
_ANY_ROW: Final = "Leg"
_KEYS: Final = {"changes": "title", "notImported": "tracks", "summary": "legs"}
"""Of members that are objects with any names: one of those."""


class Examples:
    """Makes examples of the schemas of a description."""

    def __init__(self, shapes: Shapes) -> None:
        self._shapes = shapes

    def request(self, kind: Any) -> Any:
        """A body that is taken."""
        return FILE if kind is bytes else _Sent(self._shapes).of(self._shapes.of(kind))

    def reply(self, kind: Any, tag: str = "", *, in_part: bool = False) -> Any:
        """A body that is answered to an operation of a tag; `in_part`: where some items failed."""
        about = next((r.struct.__name__ for r in RESOURCES if r.collection == tag), _ANY_ROW)
        walk = _Walk(self._shapes, WHOLE | IN_PART if in_part else WHOLE)
        return walk.of(self._shapes.of(kind), about=about)

    def text(self, media_type: str, kind: Any) -> str:
        """A body that is no JSON."""
        if media_type == event_text.MEDIA_TYPE:
            told = msgspec.json.decode(msgspec.json.encode(self.reply(kind)), type=kind)
            return (event_text.hello(16, 16) + event_text.Told.of(told).whole).decode()
        return TEXTS.get(media_type.partition(";")[0], "text")


def failure(error: type[CarnetError]) -> Any:
    """A failure, as it is answered."""
    return msgspec.to_builtins(FAILURES[error.code].body(REQUEST_ID))


class _Walk:
    """Makes an example of a reply: goes through a schema and what it is made of."""

    def __init__(self, shapes: Shapes, whole: Mapping[str, Members]) -> None:
        self._shapes = shapes
        self._whole = whole

    def of(self, schema: Schema, name: str = "", about: str = _ANY_ROW) -> Any:
        """A value of a schema: of the member `name`, of something that tells of `about`."""
        if "$ref" in schema:
            found = self._shapes.resolve(schema)
            if "properties" in found:
                return self._object(schema["$ref"].rpartition("/")[2], found, about)
            schema = found
        if "anyOf" in schema:
            fitting = [s for s in schema["anyOf"] if s.get("$ref", "").endswith(f"/{about}")]
            return self.of((fitting or schema["anyOf"])[0], name, about)
        if "items" in schema:
            return [self.of(schema["items"], name, about)]
        if isinstance(more := schema.get("additionalProperties"), dict):
            return {_KEYS.get(name, "key"): self.of(more, about=about)}
        return _value(schema, name, about)

    def _object(self, schema_name: str, schema: Schema, about: str) -> Members:
        subject = subject_of(schema_name)
        if "_id" in schema["properties"] and schema_name not in _OF_ROWS:
            about = subject
        known = {**ROWS.get(subject, {}), **self._whole.get(schema_name, {})}
        return {
            name: self._member(value, name, known, _SUBJECTS.get(name, about))
            for name, value in self._told(schema_name, schema, subject).items()
        }

    def _told(self, schema_name: str, schema: Schema, subject: str) -> dict[str, Schema]:
        """The properties that an example has: all, where the sample says nothing."""
        left_out = OMITTED.get(schema_name, ())
        known = self._whole.get(schema_name) or ROWS.get(subject) or schema["properties"]
        shown = {*known, *schema.get("required", ())}
        return {n: s for n, s in schema["properties"].items() if n in shown and n not in left_out}

    def _member(self, schema: Schema, name: str, known: Members, about: str) -> Any:
        value = known.get(name, FROM_CONTEXT)
        if value is not FROM_CONTEXT:
            return self._restricted(value, schema)
        if name.endswith("Ref") and (target := BY_KIND.get(name.removesuffix("Ref"))):
            return _client_ref(target.struct.__name__)
        return self.of(schema, name, about)

    def _restricted(self, known: Any, schema: Schema) -> Any:
        """What of a known value a schema has: of objects that are shared, not every member."""
        if isinstance(known, list) and "items" in schema:
            return [self._restricted(each, schema["items"]) for each in known]
        named = next((each for each in schema.get("anyOf", ()) if "$ref" in each), schema)
        properties = self._shapes.resolve(named).get("properties", {})
        if not isinstance(known, dict) or not properties:
            return known
        return {name: value for name, value in known.items() if name in properties}


class _Sent(_Walk):
    """Makes an example of a request."""

    def __init__(self, shapes: Shapes) -> None:
        super().__init__(shapes, WHOLE)

    def _told(self, schema_name: str, schema: Schema, subject: str) -> dict[str, Schema]:
        properties: dict[str, Schema] = schema["properties"]
        if whole := self._whole.get(schema_name):
            return {name: properties[name] for name in whole}
        settable = {n: s for n, s in properties.items() if n != "_id" and not s.get("readOnly")}
        if schema_name.endswith("Patch"):
            return _name_of(settable)
        known = ROWS.get(subject, settable).keys() | {n for n in settable if n.endswith("Ref")}
        # What may be named by its clientRef is so, since ids come from the server.
        return {
            name: schema
            for name, schema in settable.items()
            if name in known and f"{name.removesuffix('Id')}Ref" not in properties
        }


def _name_of(properties: dict[str, Schema]) -> dict[str, Schema]:
    """What a row is called by: its first member that is any text."""
    return next(
        {name: schema}
        for name, schema in properties.items()
        if schema.get("type") == "string" and not {"format", "pattern"} & schema.keys()
    )


def _client_ref(about: str) -> str:
    ref: str = ROWS.get(about, {}).get("clientRef", f"{about.lower()}-1")
    return ref


def _value(schema: Schema, name: str, about: str) -> Any:
    """A value that is no object with properties and no list."""
    kind = schema.get("type", "string")
    if name == "_id":
        return id_of(about[:1].lower() + about[1:])
    if name == "clientRef":
        return _client_ref(about)
    if name in VALUES:
        return VALUES[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "examples" in schema:
        return schema["examples"][0]
    if schema.get("format") == "date-time":
        return NOW
    if schema.get("format") == "date":
        return _DATE
    if "string" in kind:
        return id_of(name.removesuffix("Id")) if name.endswith("Id") else words(name).capitalize()
    if "boolean" in kind:
        return True
    return {} if kind == "object" else schema.get("minimum", 1)
