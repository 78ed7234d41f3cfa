"""A scrape of the program's metrics, as Prometheus would do it."""

import aiohttp
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from carnet.exposition import OPENMETRICS


class Scrape:
    """What one scrape has told."""

    def __init__(self, text: str) -> None:
        self.text = text
        families = list(text_string_to_metric_families(text))
        self._numbers = {
            (sample.name, frozenset(sample.labels.items())): float(sample.value)
            for family in families
            for sample in family.samples
        }
        self._only_grow = {
            sample.name
            for family in families
            if family.type in ("counter", "histogram")
            for sample in family.samples
        }

    def total(self, name: str, **labels: str) -> float:
        """The sum of all series of a name that have these labels."""
        wanted = labels.items()
        return sum(n for (each, has), n in self._numbers.items() if each == name and wanted <= has)

    def has(self, name: str) -> bool:
        """Whether there is a series of a name."""
        return any(each == name for each, _ in self._numbers)

    def fallen_since(self, before: "Scrape") -> list[object]:
        """The series that only grow, and have less than they had."""
        return [
            series
            for series, number in before._numbers.items()
            if series[0] in self._only_grow and self._numbers.get(series, -1.0) < number
        ]


async def scrape(port: int) -> Scrape:
    """What the metrics are now."""
    async with (
        aiohttp.ClientSession() as session,
        session.get(
            f"http://127.0.0.1:{port}/metrics", headers={"Accept": "application/openmetrics-text"}
        ) as answer,
    ):
        assert answer.status == 200
        assert answer.headers["Content-Type"] == OPENMETRICS
        return Scrape(await answer.text())
