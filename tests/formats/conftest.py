"""Files that several tests of readers look at."""

import csv
import io

import airportsdata
import pytest


@pytest.fixture(scope="session")
def airports_table() -> str:
    """All airports that have an IATA code, as a table."""
    airports = airportsdata.load("IATA")
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(["name", "lat", "lng", "category", "iata"])
    for code, airport in airports.items():
        name = f"{airport['name']} ({code})"
        lines.writerow([name, airport["lat"], airport["lon"], airport["country"], code])
    return text.getvalue()
