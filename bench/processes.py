"""Two server processes beside one, each held to the same share of a processor.

Held, they are what gives out first even on two cores, so that twice the processes can serve twice
the requests; what the rest cost meanwhile is told too.
"""

import contextlib
import itertools
import statistics
from collections.abc import Iterator

from bench.costs import Costs, parts
from bench.figures import Figure, Scale, at_least, spread
from bench.servers import Carnet
from bench.services import Services
from bench.shares import controller, held

GOAL = 1.7
SHARE = 0.25
"""Of a processor, for each server process."""


async def compare(
    one: Carnet, two: Carnet, trip: str, there: Services, scale: Scale
) -> list[Figure]:
    """Rates of a server of one process and of one of two, in turns."""
    figures = []
    with _held([*one.server.pids(), *two.server.pids()[1:]]) as how:
        for name, path in (("GET export", f"{trip}/export"), ("GET trip", trip)):
            requests = itertools.repeat(one.request("GET", path))
            rounds = [Costs(each.port, parts(each, there), requests, 200) for each in (one, two)]
            for each in rounds:
                await each.warm_up(scale.round_seconds / 2)
            for _ in range(scale.rounds):
                for each in rounds:
                    await each.round(scale.round_seconds)
            figures += _figures(name, how, *rounds)
    return figures


@contextlib.contextmanager
def _held(pids: list[int]) -> Iterator[str]:
    """Holds the processes where that can be done; says how they are held."""
    limits = controller()
    if limits is None:
        yield ""
        return
    with held(limits, pids, SHARE):
        yield f"{SHARE:.0%} of a core each"


def _figures(name: str, how: str, one: Costs, two: Costs) -> list[Figure]:
    ratios = [b / a for a, b in zip(one.rates, two.rates, strict=True)]
    claim = f"{name}: rate of two server processes / of one, {how or 'not held to a share'}"
    ratio = statistics.median(ratios)
    return [
        at_least(claim, ratio, GOAL, spread(ratios)) if how else Figure(claim, spread(ratios)),
        Figure("  one: CPU a request, rate", str(one)),
        Figure("  two", str(two)),
    ]
