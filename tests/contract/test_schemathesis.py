"""Schemathesis against a running server: the description says what the server does.

Cases are made from the OpenAPI document. Before one is sent, ids of rows that exist take the place
of made-up ones, so that operations do their work.
"""

import datetime
import re
import uuid
import zoneinfo
from collections.abc import Iterable, Iterator
from typing import Any, cast

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case, HookContext, Response, engine
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.core.parameters import ParameterLocation
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.engine.recorder import CheckFailureInfo
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree
from schemathesis.specs.openapi.schemas import OpenApiSchema

from domain.merge import merge
from domain.message import MESSAGE
from domain.resources import RESOURCES
from server.openapi.document import describe
from server.route import Transaction
from server.routes import ROUTES
from tests.contract.live import BY_PARAMETER, Live, serving
from tests.server.described import OPERATIONS, errors_in, resolved
from tests.support import SAMPLES

EXAMPLES = 20
"""Random cases of each operation, beside those that go systematically through its schema."""

SEQUENCES = 40
"""Sequences of requests, such as create, read, delete, read."""

OFFSETS = [None, datetime.UTC, datetime.timezone(datetime.timedelta(hours=5, minutes=30))]

schemathesis.openapi.format(
    "iana-time-zone", st.sampled_from(sorted(zoneinfo.available_timezones()))
)
schemathesis.openapi.format(
    "iso8601-date-time",
    st.datetimes(timezones=st.sampled_from(OFFSETS)).map(datetime.datetime.isoformat),
)

UNSAID = {
    # Cursors are signed.
    ("cursor", "malformed"),
    # A PATCH is checked merged with its row, whose other date is not in the request.
    ("endDate", "out_of_range"),
    ("checkOutDate", "out_of_range"),
    ("accommodation.checkOutDate", "out_of_range"),
    # Another row may have it.
    ("clientRef", "duplicate"),
    # A changeset may be undone already, or be none that can.
    ("rev", "not_allowed"),
    # What a link names may be gone, or never have been.
    ("since", "out_of_range"),
    # A host may be an address, of which not every spelling and not every network is taken.
    ("url", "malformed"),
    ("url", "not_allowed"),
    # A webhook stays with its trip, and a user has so many.
    ("tripId", "not_allowed"),
    ("", "too_long"),
    *((link.field, "not_found") for resource in (*RESOURCES, MESSAGE) for link in resource.links),
}
"""What can be wrong by the contract with a request that is right by its schema."""

CREATES = {
    f"{route.method} {route.path}"
    for route in ROUTES
    if isinstance(route, Transaction) and (route.creates_row or route.name == "createTrip")
}

BY_PATH = {f"/trips/{{tripId}}{each.path}": each for each in (*RESOURCES, MESSAGE)}

VALID = {**SAMPLES, MESSAGE.kind: {"content": "Hello"}}


def filter_failure(
    _context: HookContext, failure: Failure, case: Case[Any], response: Response
) -> bool:
    """False for the failures of checks that know less than the contract."""
    if isinstance(failure, RejectedPositiveData):
        if response.status_code == 412 and "If-None-Match" in case.headers:
            # A row has the clientRef, of whichever operation's cases.
            return False
        details = response.json()["error"].get("details", [])
        return not details or not _all_unsaid((d["path"], d["reason"]) for d in details)
    if isinstance(failure, AcceptedNegativeData):
        if _has_too_high_a_limit(case) or _is_wrong_in_what_is_ignored(case):
            return False
        # What is wrong with an item is told in its result, which a job has when it is done.
        if response.status_code in (202, 207) and _has_wrong_items(case):
            return False
        # A create whose clientRef exists merges, and need not carry the required fields.
        return not (response.status_code == 200 and _lacks_only_required_fields(case))
    if isinstance(failure, UseAfterFree):
        # A trip that is deleted is archived: it stays, as completed.
        return re.fullmatch(r"DELETE /trips/\w+", failure.free) is None
    return True


def _has_wrong_items(case: Case[Any]) -> bool:
    assert case.meta is not None
    takes_items = case.operation.path.endswith((":batch", "/sync"))
    return takes_items and case.meta.is_negative_at(ParameterLocation.BODY)


def _has_too_high_a_limit(case: Case[Any]) -> bool:
    """A limit above the maximum is cut to it."""
    limit = (case.query or {}).get("limit")
    return re.fullmatch(r"[1-9]\d{2,}", str(limit), re.ASCII) is not None


def _is_wrong_in_what_is_ignored(case: Case[Any]) -> bool:
    """Members that are read-only are ignored, whatever they are."""
    assert case.meta is not None
    if not case.meta.is_negative_at(ParameterLocation.BODY) or not isinstance(case.body, dict):
        return False
    at = (case.method.upper(), case.operation.path)
    schema = OPERATIONS[at]["requestBody"]["content"]["application/json"]["schema"]
    properties = resolved(schema)["properties"]
    kept = {n: v for n, v in case.body.items() if not properties.get(n, {}).get("readOnly")}
    return errors_in(kept, schema) == []


def _lacks_only_required_fields(case: Case[Any]) -> bool:
    resource = BY_PATH.get(case.operation.path)
    if resource is None or case.method != "POST" or not isinstance(case.body, dict):
        return False
    sent = {name: value for name, value in case.body.items() if name not in resource.ignored}
    _, details = resource.validated(merge(VALID[resource.kind], sent))
    return _all_unsaid((detail.path, detail.reason) for detail in details)


def _all_unsaid(details: Iterable[tuple[str, str]]) -> bool:
    return all(detail in UNSAID for detail in details)


def load() -> OpenApiSchema:
    """The description as Schemathesis takes it."""
    document = msgspec.json.decode(msgspec.json.encode(describe(ROUTES)))
    # Its response has no end: tests/contract/test_events.py reads it.
    del document["paths"]["/trips/{tripId}/events"]
    # No schema tells what a file is: tests/contract/test_file_import.py, tests/formats/.
    del document["paths"]["/trips/{tripId}/import"]
    loaded = schemathesis.openapi.from_dict(document)
    loaded.config.generation.update(
        max_examples=EXAMPLES,
        deterministic=True,
        # A NUL character is a 400, for which JSON Schema has no word.
        allow_x00=False,
        # Every request has the key; the check `ignored_auth` takes it away again.
        with_security_parameters=False,
    )
    loaded.config.checks.update(max_response_time=10.0)
    loaded.hook(filter_failure)
    # No key may do what is for people: tests/contract/test_examples_are_taken.py sends that.
    for_people = [route.name for route in ROUTES if route.access not in ("key", "address")]
    return cast(OpenApiSchema, loaded.exclude(operation_id=for_people))


schema = load()


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with serving(tmp_path_factory.mktemp("schemathesis")) as world:
        client = Live(world)
        yield client
        client.close()


@pytest.fixture
def statuses() -> Iterator[set[int]]:
    """The statuses of an operation's responses, one of success among them."""
    seen: set[int] = set()
    yield seen
    assert any(200 <= status < 300 for status in seen), seen


@schema.parametrize()
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_server_does_what_the_description_says(
    case: Case[Any], live: Live, statuses: set[int]
) -> None:
    name_rows(case, live)
    prepare(case, live)
    response = case.call_and_validate(live.url, live.session, live.headers)
    statuses.add(response.status_code)


def test_sequences_of_requests(live: Live) -> None:
    linked = load()
    linked.config.update(base_url=live.url, headers=live.headers)
    linked.config.generation.update(max_examples=SEQUENCES)
    for phase in ("examples", "coverage", "fuzzing"):
        getattr(linked.config.phases, phase).enabled = False

    @linked.hook
    def map_case(_context: HookContext, case: Case[Any]) -> Case[Any]:
        prepare(case, live)
        return case

    happened = list(engine.from_schema(linked).execute())
    assert not [event for event in happened if isinstance(event, NonFatalError | FatalError)]
    scenarios = [event for event in happened if isinstance(event, ScenarioFinished)]
    assert [f"{f.failure}\n{f.code_sample}" for f in _failures(scenarios)] == []
    assert sum(event.status is engine.Status.SUCCESS for event in scenarios) >= SEQUENCES // 2


def _failures(scenarios: Iterable[ScenarioFinished]) -> Iterator[CheckFailureInfo]:
    for scenario in scenarios:
        for checks in scenario.recorder.checks.values():
            yield from (check.failure_info for check in checks if check.failure_info)


def name_rows(case: Case[Any], live: Live) -> None:
    """Puts ids of what is there into the path; for a DELETE that of a new row, so others stay."""
    assert case.meta is not None
    if case.meta.is_negative_at(ParameterLocation.PATH):
        return
    parameters = re.findall(r"\{(\w+)\}", case.operation.path)
    case.path_parameters = {name: live.id(name) for name in parameters}
    if case.method == "DELETE" and parameters and parameters[-1] in (*BY_PARAMETER, "webhookId"):
        case.path_parameters[parameters[-1]] = live.new_row(parameters[-1])
    if case.operation.path.startswith("/calendars/"):
        case.path_parameters["token"] = live.feed_token()
    if case.operation.path.endswith("/undo"):
        # One that is undone already is refused.
        case.path_parameters["rev"] = live.new_changeset()


def prepare(case: Case[Any], live: Live) -> None:
    """Makes headers and body such as to be done, except where they are meant to be wrong."""
    assert case.meta is not None
    if not case.meta.is_negative_at(ParameterLocation.HEADER):
        if "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] = uuid.uuid4().hex
        if "If-Match" in case.headers:
            case.headers["If-Match"] = "*"
        if f"{case.method} {case.operation.path}" in CREATES:
            # On a create that finds nothing to merge into, it never matches.
            case.headers.pop("If-Match", None)
    if not case.meta.is_negative_at(ParameterLocation.BODY):
        _amend(case.body, live)


def _amend(value: Any, live: Live) -> None:
    """Makes links lead somewhere, dates follow each other, numbers whole, at whatever depth."""
    if isinstance(value, list):
        for element in value:
            _amend(element, live)
    elif isinstance(value, dict):
        for name, number in value.items():
            # JSON Schema takes 5.0 for an integer; the API wants one written as one.
            if isinstance(number, float) and number.is_integer():
                value[name] = int(number)
        for name, target in live.links.items():
            if isinstance(value.get(name), str):
                value[name] = target
        for first, last in (("startDate", "endDate"), ("checkInDate", "checkOutDate")):
            start, end = value.get(first), value.get(last)
            if isinstance(start, str) and isinstance(end, str):
                value[first], value[last] = min(start, end), max(start, end)
        _amend(list(value.values()), live)
