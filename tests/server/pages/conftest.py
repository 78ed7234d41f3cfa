"""Pages, as a browser asks for them."""

import pytest


@pytest.fixture
def storage_url(tmp_path):
    """One database is enough: what pages read and write is tested on all of them elsewhere."""
    return f"sqlite:///{tmp_path}/carnet.db"


@pytest.fixture
def ask(world):
    """Asks for a page as a browser does, without being led on."""

    async def send(path, method="GET", data=None, token=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named.setdefault("Accept", "text/html")
        if token:
            named["Cookie"] = f"__Host-carnet={token}; {named.get('Cookie', '')}"
        if data is not None:
            named.setdefault("Content-Type", "application/x-www-form-urlencoded")
        client = world.as_(None)
        session = client._session
        async with session.request(
            method, f"{world.running.base}{path}", data=data, headers=named, allow_redirects=False
        ) as response:
            return response.status, response.headers, await response.text()

    return send
