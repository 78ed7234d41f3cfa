"""What the URL of a Redis says: who logs in, the database, TLS."""

import ssl
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog

from runtime import measured
from server.redis_ratelimit import RedisRateLimiter
from tests.faults.proxy import proxy
from tests.server.rate_limits.limits import counted_in_redis, limiters
from tests.storage.home import soon
from tests.support import gather, take


async def test_it_logs_in_and_takes_the_database_that_the_url_names(valkey, who):
    valkey.ask("ACL SETUSER u/1 on >p@ss: ~* +@all")
    url = f"redis://{quote('u/1', safe='')}:{quote('p@ss:', safe='')}@127.0.0.1:{valkey.port}/3"
    with structlog.testing.capture_logs() as lines:
        async with limiters(url) as (limiter,):
            assert (await take(limiter, who, 2)).remaining == 1
    assert lines == []
    assert await counted_in_redis(url, who)() == 1
    assert await counted_in_redis(valkey.url, who)() == 0


async def test_it_logs_in_with_a_password_alone(valkey, who):
    valkey.ask("CONFIG SET requirepass secret")
    url = f"redis://:secret@127.0.0.1:{valkey.port}"
    async with limiters(url) as (limiter,):
        await take(limiter, who, 2)
    assert await counted_in_redis(url, who)() == 1


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ("127.0.0.1:{port}/3", "-NOAUTH"),
        (":wrong@127.0.0.1:{port}/3", "-WRONGPASS"),
        ("nobody:secret@127.0.0.1:{port}/3", "-WRONGPASS"),
        (":secret@127.0.0.1:{port}/999", "-ERR DB"),
    ],
)
async def test_what_redis_refuses_is_told(valkey, who, login, reason):
    valkey.ask("CONFIG SET requirepass secret")
    with structlog.testing.capture_logs() as lines:
        async with limiters(f"redis://{login.format(port=valkey.port)}") as (limiter,):
            allowances = await gather(*(take(limiter, who, 3) for _ in range(4)))
    assert [a.exceeded for a in allowances] == [False, False, False, True]
    assert [line["event"] for line in lines] == ["rate_limit_local"]
    assert lines[0]["reason"] == f"it answered: {reason}"
    assert dict(measured.REDIS_AWAY.rows())[("limits", "credentials")] == [1]
    assert dict(measured.REDIS_AWAY.rows())[("limits", "unreachable")] == [0]


def test_an_ipv6_address_has_no_brackets_where_it_is_connected_to():
    server = RedisRateLimiter("rediss://:p@[::1]:6380/2")._server
    assert (server.host, server.port, server.db) == ("::1", 6380, 2)


CERTIFICATE = Path(__file__).parent / "localhost.pem"
"""Of localhost, for a hundred years, with its key."""


@pytest.mark.parametrize("trusted", [True, False])
async def test_by_tls_it_speaks_to_a_server_whose_certificate_is_trusted(
    valkey, who, monkeypatch, trusted
):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    with structlog.testing.capture_logs() as lines:
        async with (
            proxy(valkey.port, tls=tls) as network,
            limiters(f"rediss://localhost:{network.port}") as (limiter,),
        ):
            allowances = await soon(gather(*(take(limiter, who, 3) for _ in range(2))))
    assert sorted(a.remaining for a in allowances) == [1, 2]
    assert await counted_in_redis(valkey.url, who)() == (2 if trusted else 0)
    assert ["CERTIFICATE_VERIFY_FAILED" in line["reason"] for line in lines] == [True] * (
        not trusted
    )


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 64}.invalid"])
async def test_a_name_that_is_none_is_a_redis_that_is_away(who, host):
    with structlog.testing.capture_logs() as lines:
        async with limiters(f"redis://{host}") as (limiter,):
            assert (await soon(take(limiter, who, 3))).remaining == 2
    assert [line["event"] for line in lines] == ["rate_limit_local"]
