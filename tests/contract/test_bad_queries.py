"""Query parameters that are wrong."""

import pytest

from tests.contract.wire import check_envelope
from tests.support import SAMPLES

LEG = SAMPLES["leg"]


@pytest.fixture(autouse=True)
async def lives_on(world):
    """The server answers the request after a bad one."""
    yield
    assert (await world.client.get("/me")).status == 200


WRONG_LIMITS = [
    ("limit=0", "out_of_range"),
    ("limit=-1", "out_of_range"),
    (f"limit=-{'9' * 30}", "out_of_range"),
    ("limit=", "malformed"),
    ("limit=abc", "malformed"),
    ("limit=1e3", "malformed"),
    ("limit=1.0", "malformed"),
    ("limit=0x10", "malformed"),
    ("limit=1_000", "malformed"),
    ("limit=%201", "malformed"),
    ("limit=1%00", "malformed"),
    ("limit=%D9%A3", "malformed"),
    ("limit=%ff", "malformed"),
    (f"limit={'9' * 5_000}", "malformed"),
    ("limit=null", "malformed"),
]


async def test_a_limit_that_cannot_be_is_400(world, subtests):
    for query, reason in WRONG_LIMITS:
        with subtests.test(query=query, reason=reason):
            channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
            for path in ("/legs", "/channels", f"/channels/{channel}/messages", "/members"):
                answer = await world.client.get(f"{world.trip}{path}?{query}")
                check_envelope(answer, 400, "VALIDATION_ERROR", ("limit", reason))
            answer = await world.client.get(f"/trips?{query}")
            check_envelope(answer, 400, "VALIDATION_ERROR", ("limit", reason))


@pytest.mark.parametrize("query", ["limit=2", "limit=%2B2", "limit=002"])
async def test_other_spellings_of_a_limit_are_read(world, query):
    for _ in range(3):
        await world.make("/legs", LEG)
    assert len((await world.client.get(f"{world.trip}/legs?{query}")).json["items"]) == 2


async def test_a_limit_without_bound_is_cut(world):
    answer = await world.client.get(f"{world.trip}/legs?limit=1{'0' * 30}")
    assert (answer.status, answer.json["items"]) == (200, [])


async def test_a_cursor_is_taken_by_its_own_list_only(world):
    for _ in range(3):
        await world.make("/legs", LEG)
        await world.make("/map-pins", SAMPLES["mapPin"])
    first = (await world.client.get(f"{world.trip}/legs?limit=1")).json
    cursor = first["nextCursor"]
    following = f"{world.trip}/legs?cursor={cursor}"
    assert (await world.client.get(following)).status == 200
    other_trip = f"/trips/{await world.new_trip()}"
    others = [f"{world.trip}/map-pins", f"{world.trip}/channels", f"{other_trip}/legs", "/trips"]
    others += [f"{world.trip}/members", f"{world.trip}/legs/{first['items'][0]['_id']}/stays"]
    for path in others:
        answer = await world.client.get(f"{path}?cursor={cursor}")
        check_envelope(answer, 400, "VALIDATION_ERROR", ("cursor", "malformed"))
    flipped = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    forged = [flipped, cursor[:-4], cursor[4:], cursor + "AAAA", "x", "%00", "%ff", "=" * 8]
    forged += ["A" * 16, "A" * 10_000, "%F0%9F%98%80", cursor.swapcase(), "..%2F"]
    for text in forged:
        answer = await world.client.get(f"{world.trip}/legs?cursor={text}")
        check_envelope(answer, 400, "VALIDATION_ERROR", ("cursor", "malformed"))
    both = await world.client.get(f"{world.trip}/legs?cursor=x&limit=0")
    check_envelope(both, 400, "VALIDATION_ERROR", ("limit", "out_of_range"))


WRONG_DRY_RUNS = ["maybe", "", "TRUE", "1", "0", "yes", "null", "true%00", "%ff"]


async def test_a_dry_run_is_true_or_false(world, subtests):
    for text in WRONG_DRY_RUNS:
        with subtests.test(text=text):
            answer = await world.client.post(f"{world.trip}/sync?dryRun={text}", {"legs": [LEG]})
            check_envelope(answer, 400, "VALIDATION_ERROR", ("dryRun", "not_allowed"))
            assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


async def test_a_bad_query_is_400_also_when_nothing_has_changed(world):
    # RFC 9110 section 13.2.1: preconditions are for requests that would be answered with success.
    tag = (await world.client.get(f"{world.trip}/legs")).headers["ETag"]
    known = {"If-None-Match": tag}
    assert (await world.client.get(f"{world.trip}/legs", headers=known)).status == 304
    answer = await world.client.get(f"{world.trip}/legs?limit=0", headers=known)
    check_envelope(answer, 400, "VALIDATION_ERROR", ("limit", "out_of_range"))
    answer = await world.client.get(f"{world.trip}/legs/{'0' * 24}/stays", headers=known)
    check_envelope(answer, 404, "NOT_FOUND")
