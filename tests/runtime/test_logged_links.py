"""What lets somebody in is in no line of the log, wherever a client puts it."""

import asyncio
import re

from tests.carnet.program import PLENTY, run, serving
from tests.contract.persons import HERE
from tests.support import PASSWORD, TRIP

LINKS = (
    *("/t/{}", "/t/{}/", "/invite/{}", "/reset/{}", "/setup?code={}", "/sign-in?next=/t/{}"),
    *("/api/v1/shared/trips/{}", "/api/v1/shared/trips/{}/export", "/api/v1/invites/{}"),
    *("/api/v1/shared/trips/{}/calendar.ics", "/api/v1/calendars/{}.ics", "/api/v1/reset/{}"),
    *("/api/v1/me?key={}", "/api/v1/trips?cursor={}", "/api/v1/{}", "/{}", "/static/{}", "/mcp/{}"),
)
"""Where people and programs have been seen to put a secret, that of one link into another too."""


async def test_no_link_key_or_cookie_is_in_any_line(tmp_path):
    async with serving(tmp_path, CARNET_LOG__LEVEL="debug", **PLENTY) as server:
        code = (await server.out.first("^Set-up code: ")).removeprefix("Set-up code: ")
        owner, anyone = server.client, server.client.with_key(None)
        person = {"email": "olga@example.org", "name": "Olga", "password": PASSWORD}
        claimed = await anyone.post("/setup", {"code": code, **person}, headers=HERE)
        assert claimed.status == 201
        session = claimed.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
        group = claimed.json["defaultGroupId"]
        trip = (await owner.post("/trips", {"groupId": group, **TRIP})).json["_id"]
        share = (await owner.post(f"/trips/{trip}/share-token")).json["token"]
        feed = (await owner.post("/me/calendar-token")).json["url"]
        olga = owner.with_session(session)
        invited = await olga.post(f"/groups/{group}/invites", {"role": "viewer"})
        reset = await asyncio.to_thread(run, tmp_path, "user", "reset", "olga@example.org")
        secrets = {
            "key": server.key,
            "code": code,
            "session": session,
            "share": share,
            "feed": feed.rpartition("/")[2].removesuffix(".ics"),
            "invitation": invited.json["url"].rpartition("/")[2],
            "reset": re.findall(r"/reset/(\w+)", reset.out)[0],
            "password": PASSWORD.replace(" ", "+"),
        }
        asked = 0
        for secret in secrets.values():
            assert len(secret) >= 20
            carrying = {
                "Authorization": f"Bearer {secret}",
                "Cookie": f"__Host-carnet={secret}; carnet={secret}",
                "Referer": f"https://example.org/t/{secret}",
                "Accept": "text/html",
            }
            for link in LINKS:
                for method, headers in (("GET", None), ("GET", carrying), ("PUT", carrying)):
                    url = server.client.base + link.format(secret)
                    await anyone.send(method, url, headers=headers)
                    asked += 1
        await server.stop()
        lines = "\n".join(server.err.all)
        assert len(server.events()) > asked
        assert {
            name for name, secret in secrets.items() if secret.removeprefix("osk_") in lines
        } == set()
        assert PASSWORD not in lines
