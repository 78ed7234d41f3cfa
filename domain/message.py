"""Channels and messages: stored like resources, but never synced, exported or shared."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from domain.fields import ClientRef, RequiredText, Title, also, link
from domain.resource import Resource


class Channel(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """A conversation of a trip's members; every trip begins with one, `general`."""

    name: Title


class Message(Struct, rename="camel", kw_only=True, forbid_unknown_fields=True):
    """What a member says in a channel; `parentId` is the message that it answers."""

    content: Annotated[RequiredText, also("text", "message", "body")]
    parent_id: (
        Annotated[str, link("message"), also("replyTo", "inReplyTo", "threadId")] | UnsetType
    ) = UNSET
    client_ref: ClientRef | UnsetType = UNSET


CHANNEL = Resource(
    kind="channel",
    struct=Channel,
    collection="channels",
    id_param="channelId",
    snapshot="channels",
)

MESSAGE = Resource(
    kind="message",
    struct=Message,
    collection="messages",
    id_param="messageId",
    snapshot="messages",
    parent=CHANNEL,
    stamped=("authorId",),
)
