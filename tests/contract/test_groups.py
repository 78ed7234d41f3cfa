"""Groups and their members (contract section 19)."""

import pytest

from domain.scopes import Role
from tests.contract.persons import everyone, signed_in
from tests.support import gather

ROLES = ("owner", "editor", "viewer", "outsider")
NOBODY = "0" * 24


@pytest.fixture
async def owner(world):
    return await signed_in(world, world.owner.user_id)


@pytest.fixture
def group(world):
    return f"/groups/{world.group_id}"


MATRIX = [
    ("PATCH", "", {"name": "Friends"}, {"owner": 200}),
    ("GET", "/members", None, {"owner": 200, "editor": 200, "viewer": 200}),
    ("PATCH", "/members/{other}", {"role": "viewer"}, {"owner": 200}),
    ("DELETE", "/members/{other}", None, {"owner": 204}),
    ("PATCH", "/members/{self}", {"role": "owner"}, {"owner": 200}),
    ("DELETE", "/members/{self}", None, {"owner": 409, "editor": 204, "viewer": 204}),
    ("GET", "/invites", None, {"owner": 200}),
    ("POST", "/invites", {"role": "editor"}, {"owner": 201}),
    ("DELETE", "/invites/{invite}", None, {"owner": 204}),
]


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path", "body", "allowed"), MATRIX)
async def test_who_may_do_what(world, group, method, path, body, allowed, role):
    people = await everyone(world)
    other = await world.person("other", Role.EDITOR)
    me = (await people[role].get("/me")).json["user"]["_id"]
    made = await people["owner"].post(f"{group}/invites", {"role": "viewer"})
    there = path.format(other=other.user_id, self=me, invite=made.json["_id"])
    before = await people["owner"].get(f"{group}/members")
    answer = await people[role].send(method, f"{group}{there}", body)
    assert answer.status == allowed.get(role, 403), answer.json
    if role not in allowed:
        assert (await people["owner"].get(f"{group}/members")).json == before.json
        assert len((await people["owner"].get(f"{group}/invites")).json["items"]) == 1


@pytest.mark.parametrize(("method", "path", "body", "_allowed"), MATRIX)
async def test_what_is_not_there(owner, group, method, path, body, _allowed):
    gone = path.format(other=NOBODY, self=NOBODY, invite=NOBODY)
    assert (await owner.send(method, f"/groups/{NOBODY}{gone}", body)).code == "NOT_FOUND"
    if NOBODY in gone:
        assert (await owner.send(method, f"{group}{gone}", body)).code == "NOT_FOUND"


async def test_a_new_group_is_its_makers(world):
    outsider = await world.person("outsider", None)
    client = await signed_in(world, outsider.user_id)
    made = await client.post("/groups", {"name": "Friends"})
    assert (made.status, made.json["name"], made.json["role"]) == (201, "Friends", "owner")
    assert (await client.get("/me")).json["groups"] == [made.json]
    assert (await client.get("/me")).json["defaultGroupId"] == made.json["_id"]
    named = await client.patch(f"/groups/{made.json['_id']}", {**made.json, "name": "Others"})
    assert named.json == {**made.json, "name": "Others"}


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({}, [("name", "required")]),
        ({"name": None}, [("name", "required")]),
        ({"name": ""}, [("name", "empty")]),
        ({"name": "   "}, [("name", "malformed")]),
        ({"name": "a\nb"}, [("name", "malformed")]),
        ({"name": "x" * 201}, [("name", "malformed")]),
        ({"name": 7}, [("name", "wrong_type")]),
        (
            {"name": "A", "owner": "B", "zoo": None},
            [("owner", "unknown_field"), ("zoo", "unknown_field")],
        ),
        ([], [("", "wrong_type")]),
    ],
)
async def test_a_name_that_cannot_be(owner, group, body, details):
    assert (await owner.post("/groups", body)).details == details
    if body != {}:
        assert (await owner.patch(group, body)).details == details


async def test_a_role_that_cannot_be(world, owner, group):
    other = await world.person("other", Role.EDITOR)
    path = f"{group}/members/{other.user_id}"
    assert (await owner.patch(path, {"role": "admin"})).details == [("role", "not_allowed")]
    assert (await owner.patch(path, {"role": None})).details == [("role", "required")]
    assert (await owner.patch(path, {"rolle": "owner"})).details == [("rolle", "unknown_field")]
    assert (await owner.patch(path, {})).json["role"] == "editor"
    listed = (await owner.get(f"{group}/members")).json["items"][1]
    assert (await owner.patch(path, {**listed, "role": "viewer"})).json["role"] == "viewer"


async def test_members_are_listed_by_when_they_came(world, owner, group):
    names = ["owner", *(f"p{n}" for n in range(4))]
    for name in names[1:]:
        await world.person(name, Role.VIEWER)
    pages = await owner.pages(f"{group}/members", 2)
    assert [len(page) for page in pages] == [2, 2, 1]
    listed = [member for page in pages for member in page]
    assert [member["email"] for member in listed] == [f"{name}@example.org" for name in names]
    assert listed == (await world.client.get(f"{world.trip}/members")).json["items"]
    other = (await owner.post("/groups", {"name": "Other"})).json["_id"]
    cursor = (await owner.get(f"{group}/members?limit=2")).json["nextCursor"]
    wrong = await owner.get(f"/groups/{other}/members?cursor={cursor}")
    assert wrong.details == [("cursor", "malformed")]


async def test_a_group_is_handed_over(world, owner, group):
    other = await world.person("other", Role.EDITOR)
    me = f"{group}/members/{world.owner.user_id}"
    for refused in (await owner.patch(me, {"role": "editor"}), await owner.delete(me)):
        assert refused.code == "CONFLICT"
        assert "make another of its members an owner first" in refused.json["error"]["message"]
    await owner.patch(f"{group}/members/{other.user_id}", {"role": "owner"})
    assert (await owner.patch(me, {"role": "viewer"})).json["role"] == "viewer"
    assert (await owner.patch(me, {"role": "owner"})).code == "FORBIDDEN"
    client = await signed_in(world, other.user_id)
    assert (await client.delete(me)).status == 204
    assert (await owner.get(f"{group}/members")).code == "FORBIDDEN"
    assert (await world.client.get(world.trip)).code == "FORBIDDEN"


async def test_of_two_owners_who_demote_each_other_one_stays(world, owner, group):
    other = await world.person("other", Role.OWNER)
    client = await signed_in(world, other.user_id)
    members = [f"{group}/members/{each}" for each in (other.user_id, world.owner.user_id)]
    answers = await gather(
        owner.patch(members[0], {"role": "viewer"}), client.patch(members[1], {"role": "viewer"})
    )
    assert sorted(answer.status for answer in answers) in ([200, 403], [200, 409])
    roles = [member["role"] for member in (await owner.get(f"{group}/members")).json["items"]]
    assert sorted(roles) == ["owner", "viewer"]


async def test_tags_of_what_shows_members_move(world, owner, group):
    other = await world.person("other", Role.EDITOR)
    member = f"{group}/members/{other.user_id}"
    paths = (f"{group}/members", f"{world.trip}/members", f"{world.trip}/export")
    changes = [
        lambda: owner.patch("/me", {"name": "Olga the Great"}),
        lambda: owner.patch("/me", {"phone": "+44 20 7946 0000"}),
        lambda: owner.patch(member, {"role": "viewer"}),
        lambda: owner.delete(member),
    ]
    for change in changes:
        tags = [(await owner.get(path)).headers["ETag"] for path in paths]
        assert (await change()).status in (200, 204)
        for path, tag in zip(paths, tags, strict=True):
            assert (await owner.get(path, headers={"If-None-Match": tag})).status == 200


# One's own name and phone.


async def test_a_profile_is_merged(world, owner, group):
    first = await owner.patch("/me", {"phone": "+44 20 7946 0000"})
    assert first.json == {
        "_id": world.owner.user_id,
        "name": "Olga",
        "email": "owner@example.org",
        "createdAt": first.json["createdAt"],
        "phone": "+44 20 7946 0000",
    }
    again = await owner.patch("/me", {**first.json, "email": "x@y.org", "name": "Ol'ga <b>"})
    assert again.json == {**first.json, "name": "Ol'ga <b>"}
    (member,) = (await owner.get(f"{group}/members")).json["items"]
    assert (member["name"], member["phone"]) == ("Ol'ga <b>", "+44 20 7946 0000")
    assert "phone" not in (await owner.patch("/me", {"phone": None})).json
    assert (await owner.patch("/me", {})).json["name"] == "Ol'ga <b>"


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"name": None}, [("name", "required")]),
        ({"name": "", "phone": ""}, [("name", "empty"), ("phone", "malformed")]),
        ({"name": "x" * 201}, [("name", "malformed")]),
        ({"phone": "1" * 51}, [("phone", "malformed")]),
        ({"phone": "1\r\n2"}, [("phone", "malformed")]),
        ({"phone": 5}, [("phone", "wrong_type")]),
        ({"fone": "5", "zoo": None}, [("fone", "unknown_field"), ("zoo", "unknown_field")]),
        ("Olga", [("", "wrong_type")]),
    ],
)
async def test_a_profile_that_cannot_be(owner, body, details):
    assert (await owner.patch("/me", body)).details == details


async def test_a_change_of_nothing_moves_no_tag(world, owner):
    tag = (await owner.get(f"{world.trip}/members")).headers["ETag"]
    await owner.patch("/me", {"name": "Olga"})
    again = await owner.get(f"{world.trip}/members", headers={"If-None-Match": tag})
    assert again.status == 304
