"""How long imports wait, against load and workers: `python -m bench.scaling`.

A discrete-event simulation of the jobs table: imports come at random (Poisson), the one that is
due first is taken by the next free worker, and a worker does one at a time. What a job costs is
measured, not simulated: `docs/scaling.md` tells where the two figures come from. It shows how
much room is needed, and what a rule that adds workers by the age of the queue comes to.
"""

import argparse
import dataclasses
import heapq
import math
import random
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

LOADS: Final = (0.5, 0.7, 0.8, 0.9, 0.95)
WORKERS: Final = (1, 2, 4, 8, 32)
JOBS: Final = 30_000
SURGE: Final = 5.0
"""How many times the usual load the surge of the second table is."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What an import costs a worker, and how large imports are."""

    base_seconds: float = 0.010
    item_seconds: float = 30e-6
    median_items: float = 600.0
    spread: float = 1.2
    """The sigma of the lognormal distribution of sizes: most are small, some huge."""
    most_items: int = 50_000

    def draw(self, dice: random.Random) -> float:
        """One import's seconds."""
        items = min(self.most_items, dice.lognormvariate(math.log(self.median_items), self.spread))
        return self.base_seconds + self.item_seconds * items

    def mean(self) -> float:
        """The seconds of an import, in the mean of many."""
        dice = random.Random(0)
        return sum(self.draw(dice) for _ in range(100_000)) / 100_000


@dataclasses.dataclass
class Run:
    """What came of a simulation."""

    waits: list[float] = dataclasses.field(default_factory=list)
    ends_at: float = 0.0
    worker_seconds: float = 0.0
    most_workers: int = 0

    def wait(self, part: float) -> float:
        """The wait in milliseconds that `part` of the imports stay below."""
        ordered = sorted(self.waits)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]


Rate = Callable[[float], float]
"""Imports a second at a moment."""

Rule = Callable[[int, float], int]
"""How many workers there should be, of how many there are and the age of the oldest waiting."""


def simulate(
    dice: random.Random,
    cost: Cost,
    rate: Rate,
    workers: int,
    *,
    jobs: int,
    rule: Rule | None = None,
    every: float = 5.0,
    start_seconds: float = 3.0,
) -> Run:
    """Plays `jobs` imports; `rule` is asked each `every` seconds, new workers need their start."""
    run = Run(most_workers=workers)
    waiting: deque[float] = deque()
    events: list[tuple[float, int, str]] = [(dice.expovariate(rate(0.0)), 0, "comes")]
    if rule is not None:
        events.append((every, 1, "look"))
    here, starting, free, wanted = workers, 0, workers, workers
    number, come, now, before = 2, 0, 0.0, 0.0

    def at(moment: float, what: str) -> None:
        nonlocal number
        number += 1
        heapq.heappush(events, (moment, number, what))

    while len(run.waits) < jobs or free < here:
        now, _, what = heapq.heappop(events)
        run.worker_seconds += (here + starting) * (now - before)
        before = now
        if what == "comes":
            come += 1
            waiting.append(now)
            if come < jobs:
                at(now + dice.expovariate(rate(now)), "comes")
        elif what == "done":
            free += 1
            if here > wanted:
                here, free = here - 1, free - 1
        elif what == "started":
            here, free, starting = here + 1, free + 1, starting - 1
        elif rule is not None:
            wanted = max(1, rule(here + starting, now - waiting[0] if waiting else 0.0))
            for _ in range(wanted - here - starting):
                starting += 1
                at(now + start_seconds, "started")
            while here > wanted and free:
                here, free = here - 1, free - 1
            at(now + every, "look")
        run.most_workers = max(run.most_workers, here + starting)
        while waiting and free:
            came, seconds = waiting.popleft(), cost.draw(dice)
            free -= 1
            run.waits.append(now - came)
            at(now + seconds, "done")
    run.ends_at = now
    return run


def by_age(least: int, most: int) -> Rule:
    """Doubles when the oldest waits over a second; one fewer when nothing waits."""

    def rule(workers: int, age: float) -> int:
        if age > 1.0:
            return min(most, workers * 2)
        return max(least, workers - 1) if age == 0.0 else workers

    return rule


def steadily(per_second: float) -> Rate:
    """The same at all times."""
    return lambda _: per_second


def print_steady(cost: Cost, jobs: int, seed: int) -> None:
    """Waits at a steady load."""
    mean = cost.mean()
    print(
        f"An import takes a worker {mean * 1000:.0f} ms in the mean. p50 / p99 of the wait, in ms:"
    )
    print()
    print("| load    |" + "".join(f" {n:>2} workers       |" for n in WORKERS))
    print("|---------|" + "------------------|" * len(WORKERS))
    for load in LOADS:
        cells = []
        for workers in WORKERS:
            rate = steadily(load * workers / mean)
            run = simulate(random.Random(seed), cost, rate, workers, jobs=jobs)
            cells.append(f"{run.wait(0.5):6.0f} / {run.wait(0.99):7.0f}")
        print(f"| {load:7.0%} |" + "".join(f" {cell} |" for cell in cells))


def print_surge(cost: Cost, jobs: int, seed: int) -> None:
    """A surge, with a fixed number of workers and with a rule."""
    mean = cost.mean()
    usual = 0.6 * 2 / mean
    second = jobs / usual / 10

    def rate(moment: float) -> float:
        return usual * (SURGE if 2 * second < moment < 3 * second else 1.0)

    print(
        f"\nTwo workers are busy to 60 %; then for {second:.0f} s"
        f" {SURGE:.0f} times as many imports come:\n"
    )
    print("| workers            | wait p50, ms | wait p99, ms | at most | workers paid for |")
    print("|--------------------|--------------|--------------|---------|------------------|")
    plans: list[tuple[str, int, Rule | None]] = [
        ("2, fixed", 2, None),
        ("8, fixed", 8, None),
        ("2 to 12, by age", 2, by_age(2, 12)),
    ]
    for name, workers, rule in plans:
        run = simulate(random.Random(seed), cost, rate, workers, jobs=jobs, rule=rule)
        paid = run.worker_seconds / run.ends_at
        print(
            f"| {name:18} | {run.wait(0.5):12,.0f} |"
            f" {run.wait(0.99):12,.0f} | {run.most_workers:7} | {paid:16.1f} |"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints both tables."""
    usual = Cost()
    parser = argparse.ArgumentParser(prog="python -m bench.scaling", description=__doc__)
    parser.add_argument("--base-ms", type=float, default=usual.base_seconds * 1e3)
    parser.add_argument("--item-us", type=float, default=usual.item_seconds * 1e6)
    parser.add_argument("--median-items", type=float, default=usual.median_items)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    cost = Cost(options.base_ms / 1e3, options.item_us / 1e6, options.median_items)
    started = time.perf_counter()
    print_steady(cost, options.jobs, options.seed)
    print_surge(cost, options.jobs, options.seed)
    print(f"\n{options.jobs:,} imports a cell, in {time.perf_counter() - started:.1f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
