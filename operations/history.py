"""What changed in a trip since when, and who did it (contract section 11)."""

import msgspec

from domain import details
from domain.errors import Gone, NotFound, ValidationFailed
from domain.history import ChangesetEvent, Entry, EntryItem
from storage import history
from storage.history import Delta, Kept, Place
from storage.store import Tx


class ChangesetPage(msgspec.Struct):
    """A changeset, with a page of what it did; `next` is where the following page starts."""

    entry: Entry
    items: list[EntryItem]
    next: str | None


async def changes(
    tx: Tx, trip_id: str, since: int, after: Place | None, limit: int, *, messages: bool
) -> Delta:
    """A page of the rows that changed after a revision; `after` is where the last page ended.

    `since` is the revision from which on the journal has to be whole; 0 for all there is.
    """
    start = after or (min(since, history.LATEST), history.AFTER_ALL_ROWS)
    found = await history.delta(tx, trip_id, start, limit, messages=messages)
    if since > found.kept.rev:
        expected = f"at most the trip's present revision, {found.kept.rev}"
        raise ValidationFailed([details.out_of_range("since", expected, since)])
    if since and since < found.kept.pruned_rev:
        raise Gone(
            f"Changes are kept from revision {found.kept.pruned_rev} on: read"
            " GET /trips/{tripId}/export anew, and go on from its rev"
        )
    return found


class Following(msgspec.Struct):
    """What comes after a revision."""

    events: list[ChangesetEvent]
    """The next changesets, each with the revision after that of the one before."""
    lost_at: int | None = None
    """Where what comes next is no longer kept: the present revision, from which to go on."""


async def following(tx: Tx, trip_id: str, after: int, limit: int) -> Following:
    """The changesets after a revision, if there are any."""
    found = await history.events(tx, trip_id, after, limit)
    if found and found[0].rev == after + 1:
        return Following(found)
    kept = await history.kept(tx, trip_id)
    if after < kept.pruned_rev or after > kept.rev:
        return Following([], kept.rev)
    return Following(found)


async def entries(
    tx: Tx, trip_id: str, before: int | None, limit: int, *, messages: bool
) -> tuple[list[Entry], int | None]:
    """A page of the trip's changesets, latest first, and where the next page starts."""
    whole, following = await history.entries(tx, trip_id, before, limit, messages=messages)
    seen = whole if messages else [entry.without_messages() for entry in whole]
    return [entry for entry in seen if entry is not None], following


async def changeset(
    tx: Tx, trip_id: str, rev: int, after_id: str, limit: int, *, messages: bool
) -> ChangesetPage:
    """A changeset, with a page of what it did."""
    whole = await require_entry(tx, trip_id, rev)
    entry = whole if messages else whole.without_messages()
    if entry is None:
        raise no_changeset(rev)
    items, following = await history.entry_items(
        tx, trip_id, rev, after_id, limit, messages=messages
    )
    # Read last: of what was dropped between the statements of a read, some would be missing.
    kept = await history.kept(tx, trip_id)
    if rev <= kept.pruned_rev:
        raise not_kept(kept)
    return ChangesetPage(entry, items, following)


async def require_entry(tx: Tx, trip_id: str, rev: int) -> Entry:
    """A changeset; `NotFound` where there is none, `Gone` where it is not kept any longer."""
    entry = await history.entry(tx, trip_id, rev)
    if entry is not None:
        return entry
    kept: Kept = await history.kept(tx, trip_id)
    if 0 < rev <= kept.pruned_rev:
        raise not_kept(kept)
    raise no_changeset(rev)


def not_kept(kept: Kept) -> Gone:
    """That a changeset is not kept any longer."""
    return Gone(
        f"Changesets are kept from revision {kept.pruned_rev + 1} on:"
        " GET /trips/{tripId}/history lists them"
    )


def no_changeset(rev: int) -> NotFound:
    """That a trip has no changeset of a revision; 0 is for what cannot be one."""
    what = f"the rev {rev}" if rev else "this rev, which is a whole number from 1 on"
    return NotFound(
        f"No changeset of this trip has {what}: GET /trips/{{tripId}}/history lists them"
    )
