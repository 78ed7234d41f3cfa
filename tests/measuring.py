"""Whether a number of the metrics moves when what it counts happens."""

import contextlib
from collections.abc import Iterator

from runtime.metrics import Family


def number(family: Family, *labels: str) -> float:
    """What a counter or gauge of this process has for some labels; 0 where it has nothing."""
    return dict(family.rows()).get(labels, [0.0])[0]


@contextlib.contextmanager
def counted(family: Family, *labels: str, times: float = 1) -> Iterator[None]:
    """Within the block a number grows by so much."""
    before = number(family, *labels)
    yield
    assert number(family, *labels) - before == times, (family.name, labels)
