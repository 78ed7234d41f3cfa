"""The schemas of the description, from the structs of requests and replies.

What msgspec makes of a struct is completed here: public names, enumerations as schemas of their
own, what the structs leave open as plain strings, nulls in the way generators read best.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from domain.changes import SNAPSHOT_NAMES
from domain.errors import ERRORS, REASONS, ErrorBody
from domain.fields import SCHEMAS
from domain.imports import BatchResult
from domain.scopes import SCOPE_PATTERN, Role
from domain.webhook import EVENTS, TEST
from server.api import requests, schemas
from storage.jobs import Job

Schema = dict[str, Any]

_REF: Final = "#/components/schemas/"

_NAMES: Final = {
    "Changes": "FieldChange",
    "Changeset": "ChangesetPage",
    "ChangesetEventVia": "Via",
    "ChangesetPageVia": "Via",
    "ChangesetVia": "Via",
    "DeliveryInfo": "Delivery",
    "DeliveryInfoPage": "DeliveryPage",
    "Detail": "ErrorDetail",
    "Entry": "Changeset",
    "EntryItem": "ChangesetItem",
    "Hook": "Webhook",
    "HookPage": "WebhookPage",
    "NewHook": "NewWebhook",
    "NewWebhookEvents": "WebhookEvent",
    "WebhookEvents": "WebhookEvent",
}
"""What is called otherwise here than in the program, where its package says the rest."""

_SAFE: Final = "Safe"


def _named(name: str) -> str:
    if name.startswith(_SAFE):
        return f"Shared{name.removeprefix(_SAFE)}"
    return _NAMES.get(name, name)


def ref(name: str) -> Schema:
    """The schema of a public name."""
    return {"$ref": _REF + name}


_CODE: Final = ref("ErrorCode")
_ROLE: Final = ref("Role")
_KIND: Final = ref("RowKind")
_COUNTS: Final = {"type": "object", "additionalProperties": ref("RowCounts")}
_SCOPES: Final = {"type": "array", "items": {"type": "string", "pattern": SCOPE_PATTERN}}
_DOCUMENT: Final = {
    "description": "The row as its kind is read.",
    "anyOf": [ref(name) for name in sorted(each.__name__ for each in schemas.documents())],
}

_MORE: Final[dict[str, Schema]] = {
    "ErrorCode": {
        "description": "What kind of failure it is; each has one HTTP status.",
        "enum": [error.code for error in ERRORS],
    },
    "ErrorReason": {"description": "In what way a value is wrong.", "enum": list(REASONS)},
    "Role": {"description": "A member's role; a viewer reads.", "enum": [str(r) for r in Role]},
    "RowKind": {"description": "What a row is.", "enum": list(SNAPSHOT_NAMES)},
    "DeliveryEvent": {"description": "What is told.", "enum": [*EVENTS, TEST]},
    "RowCounts": {
        "description": "How many rows of a kind were created, updated and deleted.",
        "type": "object",
        "properties": {name: {"type": "integer"} for name in ("created", "updated", "deleted")},
        "required": ["created", "updated", "deleted"],
    },
}
"""Schemas beside those of structs."""

_CLOSED: Final[dict[tuple[str, str], Schema]] = {
    ("ApiKey", "scopes"): _SCOPES,
    ("Change", "document"): _DOCUMENT,
    ("Change", "kind"): _KIND,
    ("Changeset", "summary"): _COUNTS,
    ("ChangesetItem", "changes"): {
        "type": "object",
        "additionalProperties": ref("FieldChange"),
    },
    ("ChangesetItem", "document"): _DOCUMENT,
    ("ChangesetItem", "kind"): _KIND,
    ("ChangesetPage", "summary"): _COUNTS,
    ("Delivery", "event"): ref("DeliveryEvent"),
    ("ErrorDetail", "reason"): ref("ErrorReason"),
    ("ErrorInfo", "code"): _CODE,
    ("Group", "role"): _ROLE,
    ("ItemError", "code"): _CODE,
    ("Job", "error"): ref("ItemError"),
    ("Key", "scopes"): _SCOPES,
    ("Member", "role"): _ROLE,
    ("NewApiKey", "scopes"): _SCOPES,
    ("SharedMember", "role"): _ROLE,
}
"""By schema and property: what the structs leave open."""


_RESULTS: Final = (
    BatchResult,
    schemas.sync_result(),
    schemas.file_result(),
    schemas.undo_result(),
)
"""What a job may give."""


class Shapes:
    """The schemas of some types, by name, and which is whose."""

    def __init__(self, kinds: Iterable[Any]) -> None:
        """`kinds` are structs, and what else msgspec has a schema for."""
        self._types = {kind: None for kind in (*kinds, ErrorBody, Job) if kind is not None}
        found, made = msgspec.json.schema_components(
            list(self._types), schema_hook=SCHEMAS.__getitem__, ref_template=_REF + "{name}"
        )
        self._of = {k: _tidied(s) for k, s in zip(self._types, found, strict=True)}
        self.by_name: dict[str, Schema] = {_named(name): _tidied(s) for name, s in made.items()}
        self.by_name |= {name: _tidied(schema) for name, schema in _MORE.items()}
        for name in requests.open_objects() & self.by_name.keys():
            self.by_name[name]["additionalProperties"] = True
        for (name, field), schema in _CLOSED.items():
            if name in self.by_name:
                self.by_name[name]["properties"][field] = schema
        self.by_name["Job"]["properties"]["result"] = {
            "anyOf": [self._of[kind] for kind in _RESULTS if kind in self._of]
        }
        for name, schema in list(self.by_name.items()):
            self._share_enumerations(name, schema)

    def of(self, kind: Any) -> Schema:
        """The schema of one of the types."""
        return self._of[kind]

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself, of a reference too."""
        return self.by_name[schema["$ref"].removeprefix(_REF)] if "$ref" in schema else schema

    def _share_enumerations(self, name: str, schema: Schema) -> None:
        """Makes every enumeration a schema of its own, named for where it belongs."""
        for field, value in schema.get("properties", {}).items():
            own = _named(f"{subject_of(name)}{field[0].upper()}{field[1:]}")
            schema["properties"][field] = self._shared(value, own)

    def _shared(self, schema: Schema, name: str) -> Schema:
        if "items" in schema:
            return {**schema, "items": self._shared(schema["items"], name)}
        if "enum" not in schema:
            return schema
        choices = [choice for choice in schema["enum"] if choice is not None]
        shared = {"type": "string", "enum": choices}
        if self.by_name.setdefault(name, shared) != shared:
            raise TypeError(f"{name} has other values elsewhere: {choices}")
        if None in schema["enum"]:
            return {"anyOf": [ref(name), {"type": "null"}]}
        return ref(name)


def subject_of(name: str) -> str:
    """What a schema is about: `LegPatch` and `SharedLeg` are about a `Leg`."""
    for end in ("Create", "Patch", "Upsert", "SyncItem", "Input"):
        name = name.removesuffix(end)
    return name.removeprefix("Shared").removeprefix("New")


def _tidied(schema: Schema) -> Schema:
    """A schema as msgspec made it, with what it says of itself in fewer and clearer words."""
    tidy = {name: value for name, value in schema.items() if name != "title" and value != []}
    if "$ref" in tidy:
        tidy["$ref"] = _REF + _named(tidy["$ref"].removeprefix(_REF))
    if "description" in tidy:
        tidy["description"] = inspect.cleandoc(tidy["description"])
    if "enum" in tidy:
        tidy = {"type": "string", **tidy}
    if tidy.get("type") == "object" and not {"properties", "additionalProperties"} & tidy.keys():
        # Else generators take it for one that is empty.
        tidy["additionalProperties"] = True
    _within(tidy, _tidied)
    for name, value in tidy.get("properties", {}).items():
        # As everywhere in the API: what is called so is a moment, if it does not say what else.
        is_text = value.get("type") in ("string", ["string", "null"])
        if is_text and (name == "at" or name.endswith("At")) and "description" not in value:
            value.setdefault("format", "date-time")
    return _nullable(tidy)


def _within(schema: Schema, change: Callable[[Schema], Schema]) -> None:
    """Changes the schemas that a schema is made of."""
    if "properties" in schema:
        schema["properties"] = {n: change(value) for n, value in schema["properties"].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            schema[name] = change(schema[name])
    if "anyOf" in schema:
        schema["anyOf"] = [change(each) for each in schema["anyOf"]]


def _nullable(schema: Schema) -> Schema:
    """`{"type": ["string", "null"]}` for a choice of a string or null."""
    match schema:
        case {"anyOf": [{"type": str(kind)} as value, {"type": "null"}], **rest}:
            if "enum" in value:
                value = {**value, "enum": [*value["enum"], None]}
            return {**value, **rest, "type": [kind, "null"]}
    return schema
