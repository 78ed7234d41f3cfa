"""What `queue.url` may be, by signals and by limits, on real Valkeys; whose certificate counts."""

import datetime
import ssl
from pathlib import Path

import pytest
import structlog
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from redis.asyncio.sentinel import SentinelConnectionPool

from runtime.configuration import ConfigError
from runtime.redis_signals import RedisSignals
from runtime.redis_url import pool_of
from server.redis_ratelimit import RedisRateLimiter
from tests import servers
from tests.faults.proxy import proxy
from tests.storage.home import soon
from tests.support import take


@pytest.fixture(scope="module")
def valkey():
    with servers.own_valkey() as server:
        yield server


async def reached(url: str, who: str) -> list[bool]:
    """Whether signals and limits come through."""
    signals, limiter = RedisSignals(url), RedisRateLimiter(url)
    with structlog.testing.capture_logs() as lines:
        await soon(signals.job_ended("job"))
        await soon(take(limiter, who, 5))
    await signals.stop()
    await limiter.close()
    return [signals.queue_state == "ok", all(x["event"] != "rate_limit_local" for x in lines)]


async def test_valkey_is_another_name_for_it(valkey):
    assert await reached(f"valkey://127.0.0.1:{valkey.port}/2", "a") == [True, True]
    assert b"db2:keys=1" in valkey.ask("INFO keyspace")


async def test_a_unix_socket(tmp_path_factory):
    path = tmp_path_factory.mktemp("s") / "valkey.sock"
    with servers.own_valkey(unixsocket=str(path)) as local:
        assert await reached(f"unix://{path}?db=3", "b") == [True, True]
        assert b"db3:keys=1" in local.ask("INFO keyspace")


def certificate(folder: Path, name: str) -> Path:
    """A file with a certificate that is its own authority, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    today = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.mark.parametrize("scheme", ["rediss", "valkeys"])
@pytest.mark.parametrize(("name", "let_in"), [("localhost", True), ("other.example", False)])
async def test_a_certificate_must_be_of_the_host(valkey, tmp_path, scheme, name, let_in):
    """Both are of an authority that is trusted."""
    file = certificate(tmp_path, name)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    async with proxy(valkey.port, tls=tls) as network:
        url = f"{scheme}://localhost:{network.port}/0?ssl_ca_certs={file}"
        assert await reached(url, name) == [let_in, let_in]


@pytest.mark.parametrize("scheme", ["rediss", "rediss+sentinel"])
def test_a_file_that_cannot_be_read_is_told(scheme):
    with pytest.raises(ConfigError, match=r"queue\.url: ssl_ca_certs: cannot read /no/ca\.pem"):
        pool_of(f"{scheme}://localhost/trips?ssl_ca_certs=/no/ca.pem")


async def test_what_a_url_says_of_sentinels():
    pool = pool_of(
        "valkeys+sentinel://me:p%40ss@a,[::1]:26380/trips/4?sentinel_password=s%2F1",
        socket_timeout=9,
    )
    assert isinstance(pool, SentinelConnectionPool)
    ours, asking = pool.connection_kwargs, pool.sentinel_manager.sentinels
    assert (ours["username"], ours["password"], ours["db"]) == ("me", "p@ss", 4)
    assert ours["ssl_check_hostname"]
    assert pool.service_name == "trips"
    told = [each.connection_pool.connection_kwargs for each in asking]
    assert [(each["host"], each["port"]) for each in told] == [("a", 26379), ("::1", 26380)]
    assert [each["password"] for each in told] == ["s/1", "s/1"]
    assert all(each["ssl_check_hostname"] for each in told)
