"""Action items: the checklist."""

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, RequiredText, Safe, also, link
from domain.merge import Document
from domain.resource import Resource


class ActionItem(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """An item of the checklist; `owner` is who does it."""

    text: Annotated[RequiredText, Safe, also("title", "name", "description", "content", "notes")]
    urgency: Annotated[Literal["now", "before_trip", "nice_to_have"], Safe, also("priority")]
    owner: (
        Annotated[str, link("member"), also("ownerId", "assignee", "assignedTo", "userId")]
        | UnsetType
    ) = UNSET
    is_completed: (
        Annotated[bool, Safe, also("completed", "done", "isDone", "status", "checked")] | UnsetType
    ) = UNSET
    client_ref: ClientRef | UnsetType = UNSET


def _remember_completion(before: Document, after: Document, now: str) -> None:
    if after.get("isCompleted"):
        after["completedAt"] = before.get("completedAt", now)


ACTION_ITEM = Resource(
    kind="actionItem",
    struct=ActionItem,
    collection="action-items",
    id_param="itemId",
    snapshot="actionItems",
    also=("items", "tasks", "todos", "checklist"),
    stamp=_remember_completion,
    stamped=("completedAt",),
)
