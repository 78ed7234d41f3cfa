"""The operations of the API as methods; written by `make generate`."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Unpack

from carnet.client.calls import Call, Document, Page
from carnet.client.methods import Methods
from carnet.client.options import CreateOptions, JobOptions, Options, ReadOptions, WriteOptions


class Operations(Methods):
    """What one can do with a key."""

    def me(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """The key in use, its user and their groups."""
        return self._call("GET", "/me", (), None, {}, options)

    def set_up(self, body: Mapping[str, Any], **options: Unpack[WriteOptions]) -> Call[Document]:
        """Set up a new server."""
        return self._call("POST", "/setup", (), body, {}, options)

    def sign_in(self, body: Mapping[str, Any], **options: Unpack[WriteOptions]) -> Call[Document]:
        """Sign in."""
        return self._call("POST", "/session", (), body, {}, options)

    def get_session(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Who is signed in."""
        return self._call("GET", "/session", (), None, {}, options)

    def sign_out(self, **options: Unpack[WriteOptions]) -> Call[None]:
        """Sign out."""
        return self._call("DELETE", "/session", (), None, {}, options)

    def list_sessions(self, **options: Unpack[ReadOptions]) -> Call[Page]:
        """List your sessions."""
        return self._call("GET", "/sessions", (), None, {}, options)

    def end_session(self, session_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """End a session of yours."""
        return self._call("DELETE", "/sessions/{sessionId}", (session_id,), None, {}, options)

    def change_password(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Change your password."""
        return self._call("POST", "/me/password", (), body, {}, options)

    def reset_password(
        self, token: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Set a new password by a link."""
        return self._call("POST", "/reset/{token}", (token,), body, {}, options)

    def get_passkey_options(self, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Begin to sign in by passkey."""
        return self._call("POST", "/session/passkey/options", (), None, {}, options)

    def sign_in_by_passkey(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Sign in by passkey."""
        return self._call("POST", "/session/passkey", (), body, {}, options)

    def get_new_passkey_options(self, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Begin to add a passkey."""
        return self._call("POST", "/me/passkeys/options", (), None, {}, options)

    def add_passkey(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Add a passkey."""
        return self._call("POST", "/me/passkeys", (), body, {}, options)

    def list_passkeys(self, **options: Unpack[ReadOptions]) -> Call[Page]:
        """List passkeys."""
        return self._call("GET", "/me/passkeys", (), None, {}, options)

    def delete_passkey(self, passkey_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """Remove a passkey."""
        return self._call("DELETE", "/me/passkeys/{passkeyId}", (passkey_id,), None, {}, options)

    def list_keys(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[ReadOptions]
    ) -> Call[Page]:
        """List your API keys."""
        return self._call("GET", "/keys", (), None, {"limit": limit, "cursor": cursor}, options)

    def iterate_keys(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[Options]
    ) -> AsyncGenerator[Document]:
        """List your API keys: the rows of all pages."""
        return self._rows("/keys", (), {"limit": limit, "cursor": cursor}, options)

    def create_key(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Create an API key."""
        return self._call("POST", "/keys", (), body, {}, options)

    def revoke_key(self, key_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """Revoke an API key."""
        return self._call("DELETE", "/keys/{keyId}", (key_id,), None, {}, options)

    def update_me(self, body: Mapping[str, Any], **options: Unpack[WriteOptions]) -> Call[Document]:
        """Change your name or phone."""
        return self._call("PATCH", "/me", (), body, {}, options)

    def create_group(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Create a group."""
        return self._call("POST", "/groups", (), body, {}, options)

    def update_group(
        self, group_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Rename a group."""
        return self._call("PATCH", "/groups/{groupId}", (group_id,), body, {}, options)

    def list_group_members(
        self,
        group_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List a group's members."""
        return self._call(
            "GET",
            "/groups/{groupId}/members",
            (group_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_group_members(
        self,
        group_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List a group's members: the rows of all pages."""
        return self._rows(
            "/groups/{groupId}/members", (group_id,), {"limit": limit, "cursor": cursor}, options
        )

    def update_group_member(
        self, group_id: str, user_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change a member's role."""
        return self._call(
            "PATCH", "/groups/{groupId}/members/{userId}", (group_id, user_id), body, {}, options
        )

    def delete_group_member(
        self, group_id: str, user_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Remove a member, or leave."""
        return self._call(
            "DELETE", "/groups/{groupId}/members/{userId}", (group_id, user_id), None, {}, options
        )

    def list_invites(self, group_id: str, **options: Unpack[ReadOptions]) -> Call[Page]:
        """List invitations."""
        return self._call("GET", "/groups/{groupId}/invites", (group_id,), None, {}, options)

    def create_invite(
        self, group_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Invite somebody to a group."""
        return self._call("POST", "/groups/{groupId}/invites", (group_id,), body, {}, options)

    def delete_invite(
        self, group_id: str, invite_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Revoke an invitation."""
        return self._call(
            "DELETE",
            "/groups/{groupId}/invites/{inviteId}",
            (group_id, invite_id),
            None,
            {},
            options,
        )

    def get_invite(self, token: str, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read what you are invited to."""
        return self._call("GET", "/invites/{token}", (token,), None, {}, options)

    def accept_invite(
        self, token: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Accept an invitation."""
        return self._call("POST", "/invites/{token}", (token,), body, {}, options)

    def delete_me(self, body: Mapping[str, Any], **options: Unpack[WriteOptions]) -> Call[None]:
        """Delete your account."""
        return self._call("DELETE", "/me", (), body, {}, options)

    def export_me(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read all that is known of you."""
        return self._call("GET", "/me/export", (), None, {}, options)

    def list_trips(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[ReadOptions]
    ) -> Call[Page]:
        """List trips."""
        return self._call("GET", "/trips", (), None, {"limit": limit, "cursor": cursor}, options)

    def iterate_trips(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[Options]
    ) -> AsyncGenerator[Document]:
        """List trips: the rows of all pages."""
        return self._rows("/trips", (), {"limit": limit, "cursor": cursor}, options)

    def create_trip(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Create a trip."""
        return self._call("POST", "/trips", (), body, {}, options)

    def get_trip(self, trip_id: str, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read a trip."""
        return self._call("GET", "/trips/{tripId}", (trip_id,), None, {}, options)

    def update_trip(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change a trip."""
        return self._call("PATCH", "/trips/{tripId}", (trip_id,), body, {}, options)

    def archive_trip(self, trip_id: str, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Archive a trip."""
        return self._call("DELETE", "/trips/{tripId}", (trip_id,), None, {}, options)

    def export_trip(self, trip_id: str, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read a whole trip."""
        return self._call("GET", "/trips/{tripId}/export", (trip_id,), None, {}, options)

    def sync_trip(
        self,
        trip_id: str,
        body: Mapping[str, Any],
        *,
        dry_run: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> Call[Document]:
        """Diff-merge a snapshot into a trip."""
        return self._call(
            "POST", "/trips/{tripId}/sync", (trip_id,), body, {"dryRun": dry_run}, options
        )

    def import_file(
        self,
        trip_id: str,
        body: bytes,
        *,
        dry_run: bool | None = None,
        filename: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Call[Document]:
        """Import a file into a trip."""
        return self._call(
            "POST",
            "/trips/{tripId}/import",
            (trip_id,),
            body,
            {"dryRun": dry_run, "filename": filename},
            options,
        )

    def list_legs(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List legs."""
        return self._call(
            "GET",
            "/trips/{tripId}/legs",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_legs(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List legs: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/legs", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def create_leg(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[CreateOptions]
    ) -> Call[Document]:
        """Create one leg, or merge by clientRef."""
        return self._call("POST", "/trips/{tripId}/legs", (trip_id,), body, {}, options)

    def upsert_legs(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[JobOptions]
    ) -> Call[Document]:
        """Create or merge up to 50 legs."""
        return self._call("POST", "/trips/{tripId}/legs:batch", (trip_id,), body, {}, options)

    def update_leg(
        self, trip_id: str, leg_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change one leg."""
        return self._call(
            "PATCH", "/trips/{tripId}/legs/{legId}", (trip_id, leg_id), body, {}, options
        )

    def delete_leg(self, trip_id: str, leg_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """Delete one leg."""
        return self._call(
            "DELETE", "/trips/{tripId}/legs/{legId}", (trip_id, leg_id), None, {}, options
        )

    def list_stays(
        self,
        trip_id: str,
        leg_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List stays."""
        return self._call(
            "GET",
            "/trips/{tripId}/legs/{legId}/stays",
            (trip_id, leg_id),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_stays(
        self,
        trip_id: str,
        leg_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List stays: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/legs/{legId}/stays",
            (trip_id, leg_id),
            {"limit": limit, "cursor": cursor},
            options,
        )

    def create_stay(
        self, trip_id: str, leg_id: str, body: Mapping[str, Any], **options: Unpack[CreateOptions]
    ) -> Call[Document]:
        """Create one stay, or merge by clientRef."""
        return self._call(
            "POST", "/trips/{tripId}/legs/{legId}/stays", (trip_id, leg_id), body, {}, options
        )

    def upsert_stays(
        self, trip_id: str, leg_id: str, body: Mapping[str, Any], **options: Unpack[JobOptions]
    ) -> Call[Document]:
        """Create or merge up to 50 stays."""
        return self._call(
            "POST", "/trips/{tripId}/legs/{legId}/stays:batch", (trip_id, leg_id), body, {}, options
        )

    def update_stay(
        self,
        trip_id: str,
        leg_id: str,
        stay_id: str,
        body: Mapping[str, Any],
        **options: Unpack[WriteOptions],
    ) -> Call[Document]:
        """Change one stay."""
        return self._call(
            "PATCH",
            "/trips/{tripId}/legs/{legId}/stays/{stayId}",
            (trip_id, leg_id, stay_id),
            body,
            {},
            options,
        )

    def delete_stay(
        self, trip_id: str, leg_id: str, stay_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Delete one stay."""
        return self._call(
            "DELETE",
            "/trips/{tripId}/legs/{legId}/stays/{stayId}",
            (trip_id, leg_id, stay_id),
            None,
            {},
            options,
        )

    def list_map_pins(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List map pins."""
        return self._call(
            "GET",
            "/trips/{tripId}/map-pins",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_map_pins(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List map pins: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/map-pins", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def create_map_pin(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[CreateOptions]
    ) -> Call[Document]:
        """Create one map pin, or merge by clientRef."""
        return self._call("POST", "/trips/{tripId}/map-pins", (trip_id,), body, {}, options)

    def upsert_map_pins(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[JobOptions]
    ) -> Call[Document]:
        """Create or merge up to 50 map pins."""
        return self._call("POST", "/trips/{tripId}/map-pins:batch", (trip_id,), body, {}, options)

    def update_map_pin(
        self, trip_id: str, pin_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change one map pin."""
        return self._call(
            "PATCH", "/trips/{tripId}/map-pins/{pinId}", (trip_id, pin_id), body, {}, options
        )

    def delete_map_pin(
        self, trip_id: str, pin_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Delete one map pin."""
        return self._call(
            "DELETE", "/trips/{tripId}/map-pins/{pinId}", (trip_id, pin_id), None, {}, options
        )

    def list_action_items(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List action items."""
        return self._call(
            "GET",
            "/trips/{tripId}/action-items",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_action_items(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List action items: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/action-items", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def create_action_item(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[CreateOptions]
    ) -> Call[Document]:
        """Create one action item, or merge by clientRef."""
        return self._call("POST", "/trips/{tripId}/action-items", (trip_id,), body, {}, options)

    def upsert_action_items(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[JobOptions]
    ) -> Call[Document]:
        """Create or merge up to 50 action items."""
        return self._call(
            "POST", "/trips/{tripId}/action-items:batch", (trip_id,), body, {}, options
        )

    def update_action_item(
        self, trip_id: str, item_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change one action item."""
        return self._call(
            "PATCH", "/trips/{tripId}/action-items/{itemId}", (trip_id, item_id), body, {}, options
        )

    def delete_action_item(
        self, trip_id: str, item_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Delete one action item."""
        return self._call(
            "DELETE", "/trips/{tripId}/action-items/{itemId}", (trip_id, item_id), None, {}, options
        )

    def list_commitments(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List commitments."""
        return self._call(
            "GET",
            "/trips/{tripId}/commitments",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_commitments(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List commitments: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/commitments", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def create_commitment(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[CreateOptions]
    ) -> Call[Document]:
        """Create one commitment, or merge by clientRef."""
        return self._call("POST", "/trips/{tripId}/commitments", (trip_id,), body, {}, options)

    def upsert_commitments(
        self, trip_id: str, body: Mapping[str, Any], **options: Unpack[JobOptions]
    ) -> Call[Document]:
        """Create or merge up to 50 commitments."""
        return self._call(
            "POST", "/trips/{tripId}/commitments:batch", (trip_id,), body, {}, options
        )

    def update_commitment(
        self,
        trip_id: str,
        commitment_id: str,
        body: Mapping[str, Any],
        **options: Unpack[WriteOptions],
    ) -> Call[Document]:
        """Change one commitment."""
        return self._call(
            "PATCH",
            "/trips/{tripId}/commitments/{commitmentId}",
            (trip_id, commitment_id),
            body,
            {},
            options,
        )

    def delete_commitment(
        self, trip_id: str, commitment_id: str, **options: Unpack[WriteOptions]
    ) -> Call[None]:
        """Delete one commitment."""
        return self._call(
            "DELETE",
            "/trips/{tripId}/commitments/{commitmentId}",
            (trip_id, commitment_id),
            None,
            {},
            options,
        )

    def list_channels(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List channels."""
        return self._call(
            "GET",
            "/trips/{tripId}/channels",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_channels(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List channels: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/channels", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def list_messages(
        self,
        trip_id: str,
        channel_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List messages, newest first."""
        return self._call(
            "GET",
            "/trips/{tripId}/channels/{channelId}/messages",
            (trip_id, channel_id),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_messages(
        self,
        trip_id: str,
        channel_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List messages, newest first: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/channels/{channelId}/messages",
            (trip_id, channel_id),
            {"limit": limit, "cursor": cursor},
            options,
        )

    def send_message(
        self,
        trip_id: str,
        channel_id: str,
        body: Mapping[str, Any],
        **options: Unpack[CreateOptions],
    ) -> Call[Document]:
        """Send a message."""
        return self._call(
            "POST",
            "/trips/{tripId}/channels/{channelId}/messages",
            (trip_id, channel_id),
            body,
            {},
            options,
        )

    def list_members(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List members."""
        return self._call(
            "GET",
            "/trips/{tripId}/members",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_members(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List members: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/members", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def list_changes(
        self,
        trip_id: str,
        *,
        since: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Document]:
        """Read what changed since a revision."""
        return self._call(
            "GET",
            "/trips/{tripId}/changes",
            (trip_id,),
            None,
            {"since": since, "limit": limit, "cursor": cursor},
            options,
        )

    def iterate_changes(
        self,
        trip_id: str,
        *,
        since: int | None = None,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """Read what changed since a revision: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/changes",
            (trip_id,),
            {"since": since, "limit": limit, "cursor": cursor},
            options,
        )

    def list_history(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List changesets, latest first."""
        return self._call(
            "GET",
            "/trips/{tripId}/history",
            (trip_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_history(
        self,
        trip_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List changesets, latest first: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/history", (trip_id,), {"limit": limit, "cursor": cursor}, options
        )

    def get_changeset(
        self,
        trip_id: str,
        rev: int,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Document]:
        """Read what a changeset did."""
        return self._call(
            "GET",
            "/trips/{tripId}/history/{rev}",
            (trip_id, rev),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_changeset(
        self,
        trip_id: str,
        rev: int,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """Read what a changeset did: the rows of all pages."""
        return self._rows(
            "/trips/{tripId}/history/{rev}",
            (trip_id, rev),
            {"limit": limit, "cursor": cursor},
            options,
        )

    def undo(
        self,
        trip_id: str,
        rev: int,
        *,
        dry_run: bool | None = None,
        force: bool | None = None,
        **options: Unpack[JobOptions],
    ) -> Call[Document]:
        """Take back a changeset."""
        return self._call(
            "POST",
            "/trips/{tripId}/history/{rev}/undo",
            (trip_id, rev),
            None,
            {"dryRun": dry_run, "force": force},
            options,
        )

    def create_share_token(self, trip_id: str, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Share a trip."""
        return self._call("POST", "/trips/{tripId}/share-token", (trip_id,), None, {}, options)

    def delete_share_token(self, trip_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """Stop sharing a trip."""
        return self._call("DELETE", "/trips/{tripId}/share-token", (trip_id,), None, {}, options)

    def get_calendar(self, trip_id: str, **options: Unpack[ReadOptions]) -> Call[str]:
        """Read a trip as a calendar."""
        return self._call("GET", "/trips/{tripId}/calendar.ics", (trip_id,), None, {}, options)

    def create_calendar_token(self, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Get the address of a calendar of all your trips."""
        return self._call("POST", "/me/calendar-token", (), None, {}, options)

    def delete_calendar_token(self, **options: Unpack[WriteOptions]) -> Call[None]:
        """Revoke the address of the calendar of all your trips."""
        return self._call("DELETE", "/me/calendar-token", (), None, {}, options)

    def get_calendar_feed(self, token: str, **options: Unpack[ReadOptions]) -> Call[str]:
        """Read all trips of a user as a calendar."""
        return self._call("GET", "/calendars/{token}.ics", (token,), None, {}, options)

    def get_job(self, job_id: str, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read a job."""
        return self._call("GET", "/jobs/{jobId}", (job_id,), None, {}, options)

    def list_webhooks(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[ReadOptions]
    ) -> Call[Page]:
        """List webhooks."""
        return self._call("GET", "/webhooks", (), None, {"limit": limit, "cursor": cursor}, options)

    def iterate_webhooks(
        self, *, limit: int | None = None, cursor: str | None = None, **options: Unpack[Options]
    ) -> AsyncGenerator[Document]:
        """List webhooks: the rows of all pages."""
        return self._rows("/webhooks", (), {"limit": limit, "cursor": cursor}, options)

    def create_webhook(
        self, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Create a webhook."""
        return self._call("POST", "/webhooks", (), body, {}, options)

    def update_webhook(
        self, webhook_id: str, body: Mapping[str, Any], **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Change a webhook, or enable it again."""
        return self._call("PATCH", "/webhooks/{webhookId}", (webhook_id,), body, {}, options)

    def delete_webhook(self, webhook_id: str, **options: Unpack[WriteOptions]) -> Call[None]:
        """Delete a webhook."""
        return self._call("DELETE", "/webhooks/{webhookId}", (webhook_id,), None, {}, options)

    def test_webhook(self, webhook_id: str, **options: Unpack[WriteOptions]) -> Call[Document]:
        """Send a webhook a delivery to answer."""
        return self._call("POST", "/webhooks/{webhookId}/test", (webhook_id,), None, {}, options)

    def list_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[ReadOptions],
    ) -> Call[Page]:
        """List a webhook's deliveries, newest first."""
        return self._call(
            "GET",
            "/webhooks/{webhookId}/deliveries",
            (webhook_id,),
            None,
            {"limit": limit, "cursor": cursor},
            options,
        )

    def iterate_deliveries(
        self,
        webhook_id: str,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Document]:
        """List a webhook's deliveries, newest first: the rows of all pages."""
        return self._rows(
            "/webhooks/{webhookId}/deliveries",
            (webhook_id,),
            {"limit": limit, "cursor": cursor},
            options,
        )

    def redeliver(
        self, webhook_id: str, delivery_id: str, **options: Unpack[WriteOptions]
    ) -> Call[Document]:
        """Deliver something again."""
        return self._call(
            "POST",
            "/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver",
            (webhook_id, delivery_id),
            None,
            {},
            options,
        )

    def get_open_api(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """This description."""
        return self._call("GET", "/openapi.json", (), None, {}, options)


class SharedOperations(Methods):
    """What one can do with a share token."""

    def get_shared_trip(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read a shared trip."""
        return self._call("GET", "/shared/trips/{token}", (), None, {}, options)

    def export_shared_trip(self, **options: Unpack[ReadOptions]) -> Call[Document]:
        """Read a whole shared trip."""
        return self._call("GET", "/shared/trips/{token}/export", (), None, {}, options)

    def get_shared_calendar(self, **options: Unpack[ReadOptions]) -> Call[str]:
        """Read a shared trip as a calendar."""
        return self._call("GET", "/shared/trips/{token}/calendar.ics", (), None, {}, options)
