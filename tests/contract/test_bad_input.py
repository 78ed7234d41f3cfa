"""Bodies that are wrong: each gets the right refusal, and the server answers the next request."""

import gzip
from typing import Any

import pytest

from domain.resources import RESOURCES
from tests.contract.wire import JSON, check_envelope, encoded, exchange, head, refuse
from tests.support import SAMPLES, TRIP

LEG = SAMPLES["leg"]
MALFORMED = ("", "malformed")


pytestmark = pytest.mark.usefixtures("lives_on")


# Bodies that are not objects, and bodies where none belongs.


NO_OBJECTS = ["[]", "[{}]", '"text"', "1", "1.5", "true", "null"]


async def test_a_body_that_is_no_object_is_of_the_wrong_type(world, subtests):
    for value in NO_OBJECTS:
        with subtests.test(value=value):
            leg = await world.make("/legs", LEG)
            targets = [("POST", resource.path.format(legId=leg["_id"])) for resource in RESOURCES]
            targets += [("POST", f"{path}:batch") for _, path in targets]
            targets += [("POST", "/sync"), ("PATCH", ""), ("PATCH", f"/legs/{leg['_id']}")]
            for method, path in targets:
                answer = await world.client.send(method, f"{world.trip}{path}", data=value.encode())
                check_envelope(answer, 400, "VALIDATION_ERROR", ("", "wrong_type"))
            answer = await world.client.post("/trips", data=value.encode())
            check_envelope(answer, 400, "VALIDATION_ERROR", ("", "wrong_type"))


WITHOUT_ITEMS = ['{"items": null}', "{}"]


async def test_a_batch_needs_its_items(world, subtests):
    for value in WITHOUT_ITEMS:
        with subtests.test(value=value):
            await refuse(world, value.encode(), ("items", "required"), path="/legs:batch")


NO_LISTS = ['"x"', "{}", "1", "true"]


async def test_items_are_a_list(world, subtests):
    for items in NO_LISTS:
        with subtests.test(items=items):
            text = f'{{"items": {items}}}'.encode()
            await refuse(world, text, ("items", "wrong_type"), path="/legs:batch")
            text = f'{{"legs": {items}}}'.encode()
            await refuse(world, text, ("legs", "wrong_type"), path="/sync")


async def test_items_that_are_no_objects_fail_alone(world):
    items: list[Any] = [None, 1, "x", [], LEG]
    for path, name in (("/legs:batch", "items"), ("/sync", "legs")):
        answer = await world.client.post(f"{world.trip}{path}", {name: items})
        assert answer.status == 207
        results = answer.json["results"] if name == "items" else answer.json["legs"]["items"]
        assert [r["status"] for r in results] == ["error"] * 4 + ["created"]
        assert {r["error"]["details"][0]["reason"] for r in results[:4]} == {"wrong_type"}


async def test_a_body_where_none_belongs_is_json_all_the_same(world):
    path = f"{world.trip}/share-token"
    assert (await world.client.post(path, data=b"{}")).status == 201
    assert (await world.client.delete(path, data=b"{}")).status == 204
    check_envelope(await world.client.post(path, data=b"{"), 400, "VALIDATION_ERROR", MALFORMED)
    plain = {"Content-Type": "text/plain"}
    refused = await world.client.post(path, data=b"hello", headers=plain)
    check_envelope(refused, 415, "UNSUPPORTED_MEDIA_TYPE")
    assert (await world.client.get(world.trip, data=b"{")).status == 200


async def test_an_unknown_field_is_refused_also_when_it_is_null(world):
    """A PATCH with a misspelt name would seem to clear what it does not."""
    leg = await world.make("/legs", LEG)
    unknown = ("nots", "unknown_field")
    for resource in RESOURCES:
        path = f"{world.trip}{resource.path.format(legId=leg['_id'])}"
        sample = SAMPLES[resource.kind]
        row = (await world.client.post(path, sample)).json
        answer = await world.client.post(path, {**sample, "nots": None})
        check_envelope(answer, 400, "VALIDATION_ERROR", unknown)
        answer = await world.client.patch(f"{path}/{row['_id']}", {"nots": None})
        check_envelope(answer, 400, "VALIDATION_ERROR", unknown)
        batch = await world.client.post(f"{path}:batch", {"items": [{**sample, "nots": None}]})
        assert batch.json["errors"] == 1
    answer = await world.client.patch(world.trip, {"nots": None})
    check_envelope(answer, 400, "VALIDATION_ERROR", unknown)


# Media types.


OTHER_MEDIA_TYPES = [
    "text/plain",
    "text/json",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=x",
    "application/merge-patch+json",
    "application/octet-stream",
    "application/json; charset=latin-1",
    "application/json; charset=utf-16",
    "application/json; charset=nonsense",
    "application",
    "/",
    "json",
    "application/json, text/plain",
    "\xff",
]


async def test_another_media_type_is_415(world, subtests):
    for media_type in OTHER_MEDIA_TYPES:
        with subtests.test(media_type=media_type):
            lines = (f"Content-Type: {media_type}".encode("latin-1"), "Content-Length: 2")
            answer = await exchange(
                world, head(world, "POST", f"/api/v1{world.trip}/legs", *lines), b"{}"
            )
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


NO_MEDIA_TYPE = [(), ("Content-Length: 0",), ("Content-Type:",)]


async def test_no_media_type_is_415(world, subtests):
    for lines in NO_MEDIA_TYPE:
        with subtests.test(lines=lines):
            target = f"/api/v1{world.trip}/legs"
            answer = await exchange(world, head(world, "POST", target, *lines))
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")
            answer = await exchange(world, head(world, "POST", target, "Content-Length: 2"), b"{}")
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


CODINGS = ["gzip", "deflate", "br", "zstd", "gzip, identity", "nonsense"]


async def test_a_compressed_body_is_415(world, subtests):
    for coding in CODINGS:
        with subtests.test(coding=coding):
            data = gzip.compress(encoded(LEG))
            answer = await world.client.post(
                f"{world.trip}/legs", data=data, headers={"Content-Encoding": coding}
            )
            check_envelope(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


async def test_an_empty_body_is_malformed(world):
    target = f"/api/v1{world.trip}/legs"
    for lines in ((JSON,), (JSON, "Content-Length: 0")):
        answer = await exchange(world, head(world, "POST", target, *lines))
        check_envelope(answer, 400, "VALIDATION_ERROR", MALFORMED)
    chunked = head(world, "POST", target, JSON, "Transfer-Encoding: chunked")
    answer = await exchange(world, chunked, b"0\r\n\r\n")
    check_envelope(answer, 400, "VALIDATION_ERROR", MALFORMED)


async def test_a_refused_trip_is_not_made(world):
    before = (await world.client.get("/trips")).json
    for data in (b"{", encoded(TRIP), b"[]", b'{"groupId": "\\u0000"}'):
        check_envelope(await world.client.post("/trips", data=data), 400, "VALIDATION_ERROR")
    assert (await world.client.get("/trips")).json == before
