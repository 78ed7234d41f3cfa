"""An undo as a plan: what one changeset did goes back, as far as nothing stands in the way.

An `UndoPlan` is given what the changeset did, row by row, and then what there is around these rows
(`Surroundings`), and ends as a `ChangeSet`. A dry run is a plan that is not committed.
"""

import dataclasses
from collections.abc import Iterable, Sequence

from domain import details
from domain.changes import ChangeSet
from domain.deletion import named_by, unlink
from domain.errors import Detail
from domain.fields import words
from domain.resources import BY_KIND
from domain.row import Row
from domain.taking_back import Deed, Place, Step, at_its_place, place_of, step_of
from domain.trip import TRIP


@dataclasses.dataclass
class Needs:
    """What a plan has to be told of the rows around those that it takes back."""

    going: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    """Rows that are to be deleted, by kind: who belongs to them, and who names them?"""
    named: set[str] = dataclasses.field(default_factory=set)
    """Rows that are to be parents, or ends of links: are they there?"""
    refs: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    """clientRefs that come back, by kind: who has them?"""


@dataclasses.dataclass
class Surroundings:
    """The answers to `Needs`."""

    neighbours: Sequence[Row]
    """Rows beside those of the plan that belong to one that is to be deleted, or name one."""
    missing: set[str]
    """Which of the named rows there are not."""
    holders: dict[Place, str]
    """Who has the clientRefs."""


class UndoPlan:
    """The outcome of taking back one changeset."""

    def __init__(self, now: str, *, force: bool, passed_over: frozenset[int]) -> None:
        self._now = now
        self._force = force
        self._passed_over = passed_over
        self._steps: dict[str, Step] = {}
        self._around = Surroundings([], set(), {})
        self._claimed: dict[Place, Step] = {}
        self._below: dict[str, list[Step]] = {}
        self._refused: list[Step] = []
        self._dragged: dict[str, Step] = {}

    def add(self, deeds: Iterable[Deed]) -> None:
        """Takes what the changeset did."""
        for deed in deeds:
            self._steps[deed.id] = step_of(deed, self._passed_over, self._now, force=self._force)

    @property
    def needs(self) -> Needs:
        """What `settle` has to be given."""
        needs = Needs()
        for step in self._steps.values():
            row = step.becomes
            if step.goes:
                needs.going.setdefault(step.kind, set()).add(step.id)
            if row is None or row is step.was:
                continue
            if row.parent_id and (step.was is None or step.was.parent_id != row.parent_id):
                needs.named.add(row.parent_id)
            needs.named.update(named_by(row))
            place = place_of(row)
            if place and (step.was is None or place_of(step.was) != place):
                needs.refs.setdefault(row.kind, set()).add(place.client_ref)
        needs.named -= self._steps.keys()
        return needs

    @property
    def ids(self) -> set[str]:
        """The rows that the changeset wrote."""
        return set(self._steps)

    def settle(self, around: Surroundings) -> None:
        """Takes what is around into account: rows that cannot go back so do not.

        What one of them keeps may stand in the way of others, and so on.
        """
        self._around = around
        steps = list(self._steps.values())
        for step in steps:
            self._place(step)
        self._spread()
        if self._force:
            for step in steps:
                if step.conflicts:
                    self._keep_parent(step)
            self._spread()
            self._drag(steps)
        else:
            for row in around.neighbours:
                self._hold(row)
            for step in steps:
                if step.was is not None and step.becomes is not None:
                    self._hold(step.becomes)
            self._spread()
        for step in (*steps, *self._dragged.values()):
            self._unlink(step)

    def _is_there(self, row_id: str) -> bool:
        step = self._dragged.get(row_id) or self._steps.get(row_id)
        if step is not None:
            return step.becomes is not None
        return row_id not in self._around.missing

    def _place(self, step: Step) -> None:
        """Looks whether a row can be where it was: with its parent, and by its clientRef."""
        row, was = step.becomes, step.was
        if row is None or row is was:
            return
        if row.parent_id and (was is None or was.parent_id != row.parent_id):
            self._below.setdefault(row.parent_id, []).append(step)
            if not self._is_there(row.parent_id):
                self._refuse(step, _no_parent(row))
                return
        place = place_of(row)
        if place is None or (was is not None and place_of(was) == place):
            return
        claimant = self._claimed.get(place)
        if claimant is not None and self._keeps(claimant.id, place):
            self._refuse(step, _taken(place, claimant.id))
            return
        self._claimed[place] = step
        holder = self._around.holders.get(place)
        if holder is not None and self._keeps(holder, place):
            self._refuse(step, _taken(place, holder))

    def _keeps(self, holder: str, place: Place) -> bool:
        """Whether a row that has a clientRef, or is to have it, will."""
        step = self._steps.get(holder)
        return step is None or (step.becomes is not None and place_of(step.becomes) == place)

    def _refuse(self, step: Step, why: Detail) -> None:
        """A row does not go, or not come, or not change its place."""
        row, was = step.becomes, step.was
        if row is was:
            return
        if was is None or row is None:
            step.becomes = was
        elif (row.parent_id, row.client_ref) == (was.parent_id, was.client_ref):
            return
        else:
            step.becomes = at_its_place(row, was, self._now)
        step.conflicts += (why,)
        self._refused.append(step)

    def _spread(self) -> None:
        """Refuses what refused rows stand in the way of."""
        while self._refused:
            step = self._refused.pop()
            was = step.was
            if was is None:
                for below in self._below.get(step.id, ()):
                    if below.becomes is not None and below.becomes.parent_id == step.id:
                        self._refuse(below, _no_parent(below.becomes))
                continue
            place = place_of(was)
            claimant = self._claimed.get(place) if place else None
            if place and claimant is not None and claimant is not step:
                self._refuse(claimant, _taken(place, step.id))
            if self._force:
                self._keep_parent(step)
            elif step.becomes is not None:
                self._hold(step.becomes)

    def _keep_parent(self, step: Step) -> None:
        """With force too, what cannot leave a row that goes is not deleted with it."""
        if step.becomes is not None and self._goes(step.becomes.parent_id):
            parent = self._steps[step.becomes.parent_id]
            what = f"the {words(step.kind)} {step.id} belongs to it and cannot go back"
            self._refuse(parent, details.fixed("", what))

    def _hold(self, row: Row) -> None:
        """Where a row stays, so does what it belongs to, and what it names."""
        parent = self._steps.get(row.parent_id)
        if parent is not None and parent.goes:
            self._refuse(parent, _held(row, "belongs to it"))
        for target in named_by(row):
            named = self._steps.get(target)
            if named is not None and named.goes:
                self._refuse(named, _held(row, "names it"))

    def _drag(self, steps: Iterable[Step]) -> None:
        """Rows go with what they belong to, and lose the links to it."""
        for step in steps:
            if step.becomes is not None and self._goes(step.becomes.parent_id):
                step.becomes = None
                step.conflicts = ()
        for row in self._around.neighbours:
            if self._goes(row.parent_id):
                self._dragged[row.id] = Step(row.kind, row.id, row, None)
            elif any(map(self._goes, named_by(row))):
                self._dragged[row.id] = Step(row.kind, row.id, row, row)

    def _goes(self, row_id: str) -> bool:
        step = self._steps.get(row_id)
        return step is not None and step.goes

    def _unlink(self, step: Step) -> None:
        """Clears a row's links to what is not there."""
        row = step.becomes
        if row is None:
            return
        gone = {target for target in named_by(row) if not self._is_there(target)}
        if gone:
            step.becomes = row.copy()
            unlink(step.becomes, gone, self._now)

    @property
    def steps(self) -> list[Step]:
        """What becomes of each row that is concerned."""
        return [*self._steps.values(), *self._dragged.values()]

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return any(step.becomes is not step.was for step in self.steps)

    @property
    def changes(self) -> ChangeSet:
        """What is to be written."""
        made = ChangeSet()
        for step in self.steps:
            was, becomes = step.was, step.becomes
            if was is becomes:
                continue
            if becomes is None:
                assert was is not None
                made.deleted.append(was)
            elif was is None:
                made.restored.append(becomes)
            else:
                made.before[was.id] = was
                if becomes.kind == TRIP.kind:
                    made.trip = becomes
                else:
                    made.updated.append(becomes)
        return made


def _no_parent(row: Row) -> Detail:
    link = BY_KIND[row.kind].parent_link
    assert link is not None
    where = "it belonged to that one, which is gone: undo first what deleted it"
    return details.not_found(link.field, f"{words(link.kind)} has the _id", row.parent_id, where)


def _taken(place: Place, holder: str) -> Detail:
    what = words(place.kind)
    return details.duplicate(
        "clientRef", f"the {what} {holder} has this clientRef now: change or delete that one first"
    )


def _held(row: Row, why: str) -> Detail:
    since = f", last changed by revision {row.rev}," if row.rev else ""
    what = f"the {words(row.kind)} {row.id}{since} {why}"
    return details.fixed("", f"{what}: undo that first, or send force=true")
