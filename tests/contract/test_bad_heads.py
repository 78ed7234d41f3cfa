"""Paths and headers that are wrong (as `test_bad_input` for bodies)."""

from typing import Any

import msgspec
import pytest

from domain.resources import RESOURCES
from tests.contract.wire import JSON, check_envelope, exchange, head
from tests.support import SAMPLES

LEG = SAMPLES["leg"]

pytestmark = pytest.mark.usefixtures("lives_on")


# Paths.


NOWHERE = [
    "/trips/{trip}%2Flegs",
    "/trips%2F{trip}",
    "/trips/{trip}%00",
    "/trips/%00",
    "/trips/{trip}/legs/%00/stays",
    "/trips//legs",
    "/trips/{trip}//legs",
    "/trips/{trip}/legs//stays",
    "/trips/ /legs",
    "/trips/%20",
    "/trips/%ff",
    "/trips/{trip}/legs/%c3%28/stays",
    "/trips/{trip}/%ed%a0%80",
    "/trips/%",
    "/trips/%zz",
    "/trips/{trip}/",
    "/trips/",
    "/me/",
    "/trips/{trip}/legs/",
    "//trips",
    "/trips/{trip}/../{trip}/nothing",
    "/trips/{trip}%3B",
    "/trips/{trip};x=1",
    "/Trips",
    "/trips/{trip}/LEGS",
    "/trips/{trip}/legs:nothing",
    "/trips/{trip}/legs%3Abatch/x/y",
    "/trips/{trip}/%F0%9F%98%80",
    "/jobs/%00",
    "/jobs/%2e%2e%2fme",
    "/shared/trips/%00",
    "/shared/trips/%ff",
    "/shared/trips/",
    "/shared/trips//export",
    "/shared/",
    "/shared",
    "/",
    "",
]


async def test_a_path_that_leads_nowhere_is_404(world, subtests):
    for path in NOWHERE:
        with subtests.test(path=path):
            target = "/api/v1" + path.format(trip=world.trip_id).replace(" ", "%20")
            check_envelope(await exchange(world, head(world, "GET", target)), 404, "NOT_FOUND")


OUTSIDE = ["/api", "/api/", "/apiv1", "/api/v2/me", "/x?y", "/%00"]


async def test_outside_of_the_api_there_is_nothing(world, subtests):
    for target in OUTSIDE:
        with subtests.test(target=target):
            check_envelope(await exchange(world, head(world, "GET", target)), 404, "NOT_FOUND")


NO_IDS = ["x" * 40, "x" * 10_000, "0" * 65, "A" * 26, "-", "a.b", "a:b"]


async def test_what_is_no_id_names_nothing(world, subtests):
    for row_id in NO_IDS:
        with subtests.test(row_id=row_id):
            leg = await world.make("/legs", LEG)
            paths = [
                ("GET", f"/trips/{row_id}"),
                ("GET", f"/trips/{row_id}/legs"),
                ("GET", f"/jobs/{row_id}"),
            ]
            paths += [("GET", f"/shared/trips/{row_id}")]
            for resource in RESOURCES:
                rows = resource.path.format(legId=leg["_id"])
                paths += [
                    (method, f"{world.trip}{rows}/{row_id}") for method in ("PATCH", "DELETE")
                ]
            for method, path in paths:
                body: Any = {} if method == "PATCH" else None
                check_envelope(await world.client.send(method, path, body), 404, "NOT_FOUND")


async def test_a_path_with_a_line_break_in_it_is_a_path_like_any_other(world):
    for path in (f"{world.trip}/legs/a%0Ab/stays", "/a%0Ab", f"/trips/{world.trip_id}%0A"):
        assert (await world.as_(None).get(path)).status == 401
        answer = await world.client.get(path)
        assert (answer.status, "X-RateLimit-Remaining" in answer.headers) == (404, True)


async def test_an_id_of_another_kind_names_nothing(world):
    leg = await world.make("/legs", LEG)
    rows = {}
    for resource in RESOURCES:
        path = resource.path.format(legId=leg["_id"])
        rows[path] = (await world.make(path, SAMPLES[resource.kind]))["_id"]
    channel = (await world.client.get(f"{world.trip}/channels")).json["items"][0]["_id"]
    ids = [*rows.values(), world.trip_id, channel, world.group_id, world.owner.user_id]
    for path, own in rows.items():
        for other in ids:
            if other != own:
                for method, body in (("PATCH", {}), ("DELETE", None)):
                    answer = await world.client.send(method, f"{world.trip}{path}/{other}", body)
                    check_envelope(answer, 404, "NOT_FOUND")
    for other in ids:
        if other != world.trip_id:
            check_envelope(await world.client.get(f"/trips/{other}"), 404, "NOT_FOUND")
            check_envelope(await world.client.get(f"/trips/{other}/export"), 404, "NOT_FOUND")
        check_envelope(await world.client.get(f"/jobs/{other}"), 404, "NOT_FOUND")
        if other != channel:
            messages = f"{world.trip}/channels/{other}/messages"
            check_envelope(await world.client.get(messages), 404, "NOT_FOUND")


async def test_a_path_longer_than_a_head_may_be_is_refused(world):
    answer = await exchange(world, head(world, "GET", "/api/v1/trips/" + "x" * 100_000))
    check_envelope(answer, 400, "VALIDATION_ERROR")


SPELLINGS = ["http://elsewhere.test/api/v1/me", "/api/v1/%6De", "/api/v1/me?"]


async def test_another_spelling_of_a_path_is_that_path(world, subtests):
    for target in SPELLINGS:
        with subtests.test(target=target):
            answer = await exchange(world, head(world, "GET", target))
            assert (answer.status, answer.json["user"]["_id"]) == (200, world.owner.user_id)


METHODS = ["TRACE", "CONNECT", "QUERY", "get", "X"]


async def test_a_method_nobody_has_is_refused(world, subtests):
    for method in METHODS:
        with subtests.test(method=method):
            answer = await exchange(world, head(world, method, "/api/v1/me"))
            assert answer.status in (400, 404, 405)
            check_envelope(answer, answer.status, answer.code)


# Keys.


KEYLESS = [
    [],
    ["Authorization:"],
    ["Authorization: Bearer"],
    ["Authorization: Bearer osk_"],
    ["Authorization: {key}"],
    ["Authorization: Basic {key}"],
    ["Authorization: Token {key}"],
    ["Authorization: Bearer:{key}"],
    ["Authorization: Bearer {key}x"],
    ["Authorization: Bearer {key},"],
    ["Authorization: Bearer {key} {key}"],
    ['Authorization: Bearer "{key}"'],
    ["Authorization: Bearer  \t{key}"],
    ["Authorization: Bearer osk_" + "x" * 10_240],
    ["Authorization: Bearer " + "x" * 10_240],
    ["Authorization: " + "Bearer " * 1_000],
    ["Authorization: Bearer osk_\xe9\xff"],
    ["Authorization: Bearer osk_\U0001f600"],
    ["Authorization: Bearer {key}", "Authorization: Bearer {key}"],
    ["Authorization: Basic eDp5", "Authorization: Bearer {key}"],
    ["Cookie: Authorization=Bearer {key}"],
    ["X-Api-Key: {key}"],
    ["Authorization: Digest username=x, response=y"],
]


async def test_no_valid_key_is_401(world, subtests):
    for lines in KEYLESS:
        with subtests.test(lines=lines):
            texts = [line.format(key=world.owner.key) for line in lines]
            for target in ("/api/v1/me", "/api/v1/nowhere"):
                answer = await exchange(world, head(world, "GET", target, *texts, key=False))
                check_envelope(answer, 401, "UNAUTHORIZED")
                assert answer.headers["Www-Authenticate"] == "Bearer"
                assert "X-Ratelimit-Limit" not in answer.headers


SCHEMES = ["Bearer", "bearer", "BEARER", "Bearer  "]


async def test_the_scheme_is_read_whatever_its_case(world, subtests):
    for scheme in SCHEMES:
        with subtests.test(scheme=scheme):
            lines = [f"Authorization: {scheme} {world.owner.key}"]
            answer = await exchange(world, head(world, "GET", "/api/v1/me", *lines, key=False))
            assert answer.status == 200


# Idempotency keys.


WRONG_IDEMPOTENCY_KEYS = [
    (["Idempotency-Key:"], "empty"),
    (["Idempotency-Key: " + "x" * 256], "too_long"),
    (["Idempotency-Key: " + "x" * 10_240], "too_long"),
    (["Idempotency-Key: a b"], "malformed"),
    (["Idempotency-Key: a\tb"], "malformed"),
    (["Idempotency-Key: \u00e9"], "malformed"),
    (["Idempotency-Key: \U0001f600"], "malformed"),
    (["Idempotency-Key: a", "Idempotency-Key: a"], "duplicate"),
    (["Idempotency-Key: a", "idempotency-key: b"], "duplicate"),
]


async def test_an_idempotency_key_that_cannot_be_is_400(world, subtests):
    for lines, reason in WRONG_IDEMPOTENCY_KEYS:
        with subtests.test(lines=lines, reason=reason):
            body = msgspec.json.encode(LEG)
            for method, path in (("POST", "/legs"), ("PATCH", ""), ("DELETE", "/share-token")):
                sent = head(
                    world,
                    method,
                    f"/api/v1{world.trip}{path}",
                    JSON,
                    *lines,
                    f"Content-Length: {len(body)}",
                )
                answer = await exchange(world, sent, body)
                check_envelope(answer, 400, "VALIDATION_ERROR", ("Idempotency-Key", reason))
            assert (await world.client.get(f"{world.trip}/legs")).json["items"] == []


RIGHT_IDEMPOTENCY_KEYS = ["x" * 255, "!", "~" * 3, '"quoted"', "a,b", "\\"]


async def test_any_visible_ascii_is_an_idempotency_key(world, subtests):
    for key in RIGHT_IDEMPOTENCY_KEYS:
        with subtests.test(key=key):
            headers = {"Idempotency-Key": key}
            first = await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
            again = await world.client.post(f"{world.trip}/legs", LEG, headers=headers)
            assert (first.status, again.status, again.raw) == (201, 201, first.raw)
            assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_read_does_not_look_at_an_idempotency_key(world):
    answer = await exchange(world, head(world, "GET", "/api/v1/me", "Idempotency-Key:"))
    assert answer.status == 200
