"""Services that may be killed, and rounds: `FAULT_ROUNDS` of each, one if it is not set."""

import os
import random
import sys
from collections.abc import Iterator

import pytest

from tests import servers

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
SEED = os.environ.get("FAULT_SEED")


@pytest.fixture(params=range(ROUNDS))
def rng(request: pytest.FixtureRequest) -> random.Random:
    """What a round is drawn from; its seed is shown when it fails."""
    seed = int(SEED) if SEED else random.SystemRandom().randrange(2**32)
    sys.stdout.write(f"repeat with FAULT_SEED={seed}\n")
    return random.Random(seed)


@pytest.fixture
def valkey() -> Iterator[servers.ValkeyServer]:
    with servers.own_valkey() as server:
        yield server


@pytest.fixture(scope="session")
def _durable_postgres() -> Iterator[servers.PostgresServer]:
    with servers.own_postgres(durable=True) as server:
        yield server


@pytest.fixture
def crashing(
    _durable_postgres: servers.PostgresServer,
) -> Iterator[tuple[str, servers.PostgresServer]]:
    """A database on a Postgres that may be killed, and that server."""
    with servers.new_database(_durable_postgres.dsn) as url:
        yield url, _durable_postgres


@pytest.fixture
def database(postgres_url: str) -> Iterator[str]:
    """A database on a Postgres that runs."""
    with servers.new_database(postgres_url) as url:
        yield url
