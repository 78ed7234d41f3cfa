"""Metrics: numbers that a process keeps of what it does, for Prometheus to be asked for.

They are plain dictionaries, to be changed in the event loop's thread alone: an observation takes
less than a microsecond, and writes no file. The processes of a program send theirs to its parent as
a `Snapshot`, which adds them up. Which metrics there are stands in `runtime.measured`.
"""

import contextlib
import itertools
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import ClassVar, Final, Literal

Labels = tuple[str, ...]
"""Values of a family's labels, in the order of their names."""
Snapshot = dict[str, list[tuple[Labels, list[float]]]]
"""What a process has measured: by the name of a family, the numbers of each set of labels. They are
one number, or of a histogram how many fell into each bucket and into none, and the sum."""
Together = Literal["sum", "max", "min"]
"""What the numbers of several processes are as one."""

UNFORESEEN: Final = "other"
"""The value of each label of what has labels that were not foreseen."""

_TOGETHER: Final[Mapping[Together, Callable[[float, float], float]]] = {
    "sum": lambda one, other: one + other,
    "max": max,
    "min": min,
}


def every(*values: Iterable[str]) -> frozenset[Labels]:
    """Each combination of these values of labels."""
    return frozenset(itertools.product(*values))


class Family:
    """A metric with all its sets of labels, of which there are only those that were foreseen.

    What has others counts as `UNFORESEEN`, so that nothing that comes from outside can make the
    number of series grow.
    """

    type: ClassVar[str]
    """As Prometheus calls it."""

    def __init__(
        self, name: str, help: str, *labels: str, sets: Iterable[Labels] | None = None
    ) -> None:
        """`sets` may be left to whoever has the table that the values of labels come from."""
        self.name = name
        self.help = help
        self.labels = labels
        self.together: Together = "sum"
        self._foreseen: set[Labels] = set()
        self._rows: dict[Labels, list[float]] = {}
        if not labels:
            self.foresee([()])
        elif sets is not None:
            self.foresee(sets)

    @property
    def foreseen(self) -> frozenset[Labels]:
        """The sets of labels that it may have beside `UNFORESEEN`."""
        return frozenset(self._foreseen)

    def foresee(self, sets: Iterable[Labels]) -> None:
        """Lets it have these sets of labels too."""
        self._foreseen.update(sets)

    def row(self, labels: Labels) -> list[float]:
        """The numbers of a set of labels, at first all 0."""
        if labels not in self._foreseen:
            labels = (UNFORESEEN,) * len(self.labels)
        return self._rows.setdefault(labels, self.nothing())

    def nothing(self) -> list[float]:
        """The numbers of what has not happened."""
        return [0]

    def rows(self) -> list[tuple[Labels, list[float]]]:
        """All sets of labels that there are by now, with their numbers."""
        return list(self._rows.items())


class _Single(Family):
    """A family whose numbers are one each."""

    def __init__(
        self, name: str, help: str, *labels: str, sets: Iterable[Labels] | None = None
    ) -> None:
        super().__init__(name, help, *labels, sets=sets)
        self._followed: dict[object, tuple[Labels, Callable[[], float]]] = {}

    def follow(self, read: Callable[[], float], *labels: str) -> Callable[[], None]:
        """Has a function called for the number whenever it is asked for.

        Gives the function that ends this. Of several functions the numbers are put together; one
        that raises an `OSError`, as at the limit of descriptors, gives none.
        """
        entry = object()
        self._followed[entry] = labels, read

        def end() -> None:
            self._followed.pop(entry, None)

        return end

    def rows(self) -> list[tuple[Labels, list[float]]]:
        """See `Family.rows`."""
        followed = []
        for labels, read in self._followed.values():
            with contextlib.suppress(OSError):
                followed.append((labels, [float(read())]))
        return together(self, [super().rows(), followed])


class Counter(_Single):
    """How often something has happened; each foreseen set of labels is there from the start."""

    type = "counter"

    def add(self, *labels: str, by: float = 1) -> None:
        """Counts what has happened, once or more often."""
        row = self._rows.get(labels)
        if row is None:
            row = self.row(labels)
        row[0] += by

    def rows(self) -> list[tuple[Labels, list[float]]]:
        """See `Family.rows`."""
        # Of a series that begins with 1 Prometheus does not know that it has grown.
        if not self._followed:
            for labels in self._foreseen - self._rows.keys():
                self.row(labels)
        return super().rows()


class Gauge(_Single):
    """How something is at present; where nobody has said, there is no number."""

    type = "gauge"

    def __init__(
        self,
        name: str,
        help: str,
        *labels: str,
        sets: Iterable[Labels] | None = None,
        together: Together = "sum",
    ) -> None:
        super().__init__(name, help, *labels, sets=sets)
        self.together = together

    def set(self, value: float, *labels: str) -> None:
        """Says how it is."""
        self.row(labels)[0] = float(value)

    def forget(self) -> None:
        """Has no number any more, until one is said."""
        self._rows.clear()


class Histogram(Family):
    """How many of what was measured were at most as large as each bound, and the sum of all."""

    type = "histogram"

    def __init__(
        self,
        name: str,
        help: str,
        *labels: str,
        bounds: tuple[float, ...],
        sets: Iterable[Labels] | None = None,
    ) -> None:
        super().__init__(name, help, *labels, sets=sets)
        self.bounds = bounds

    def nothing(self) -> list[float]:
        """See `Family.nothing`."""
        return [0] * (len(self.bounds) + 2)

    def observe(self, value: float, *labels: str) -> None:
        """Counts something as large as that."""
        row = self._rows.get(labels)
        if row is None:
            row = self.row(labels)
        row[bisect_left(self.bounds, value)] += 1
        row[-1] += value


def snapshot(families: Iterable[Family]) -> Snapshot:
    """What this process has measured until now."""
    return {family.name: family.rows() for family in families}


def together(
    family: Family, parts: Iterable[Iterable[tuple[Labels, list[float]]]]
) -> list[tuple[Labels, list[float]]]:
    """The numbers of several as those of one.

    What has another shape, as of processes of another release, is left out.
    """
    join = _TOGETHER[family.together]
    rows: dict[Labels, list[float]] = {}
    width = len(family.nothing())
    for labels, numbers in itertools.chain.from_iterable(parts):
        if len(labels) != len(family.labels) or len(numbers) != width:
            continue
        before = rows.get(labels)
        rows[labels] = numbers if before is None else list(map(join, before, numbers))
    return list(rows.items())


def added_up(families: Iterable[Family], snapshots: Iterable[Snapshot]) -> Snapshot:
    """What several processes have measured, as if they were one."""
    parts = list(snapshots)
    return {
        family.name: together(family, (part.get(family.name, ()) for part in parts))
        for family in families
    }


def lasting(families: Iterable[Family], measured: Snapshot) -> Snapshot:
    """What still counts of a process that has ended: what has happened, not how it was."""
    return {
        family.name: measured[family.name]
        for family in families
        if family.name in measured and not isinstance(family, Gauge)
    }
