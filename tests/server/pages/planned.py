"""Trips to be shown: their documents, named as in an export."""

import datetime
import json
from pathlib import Path

from tests.support import SAMPLES

JAPAN = Path(__file__).parents[3] / "examples" / "japan.json"
REFS = {"legRef": "legId", "mapPinRef": "mapPinId"}
KINDS = ("legs", "stays", "mapPins", "actionItems", "commitments")


def japan():
    """The sample trip, each row with an id."""
    body = json.loads(JAPAN.read_text(encoding="utf-8"))
    rows = {
        kind: [
            {"_id": row.get("clientRef", str(n)), **{REFS.get(k, k): v for k, v in row.items()}}
            for n, row in enumerate(body[kind])
        ]
        for kind in KINDS
    }
    return {"trip": {"_id": "t", "status": "draft", **body["trip"]}, **rows}


def trip(start, end, **rows):
    """A trip with these rows, numbered by their kind where they have no id."""
    whole = {
        kind: [{"_id": str(n), **row} for n, row in enumerate(rows.get(kind, ()))] for kind in KINDS
    }
    dated = {"startDate": start, "endDate": end}
    return {"trip": {"_id": "t", "title": "Away", "status": "draft", **dated}, **whole}


def leg(start, end, zone="Asia/Tokyo", **more):
    """A leg of these dates."""
    return {**SAMPLES["leg"], "startDate": start, "endDate": end, "timezone": zone, **more}


def event(date, time="", **more):
    """A commitment."""
    timed = {"startTime": time} if time else {}
    return {**SAMPLES["commitment"], "startDate": date, **timed, **more}


def dates(first, last):
    """All dates from one to another."""
    first, last = map(datetime.date.fromisoformat, (first, last))
    return [first + datetime.timedelta(days=n) for n in range((last - first).days + 1)]
