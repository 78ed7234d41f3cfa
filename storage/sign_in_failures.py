"""Sign-ins that failed lately, by the client's address and the account that was meant."""

from domain.sign_in import Failures
from runtime.ids import new_id
from storage.store import Tx


async def wait_for_turn(tx: Tx) -> None:
    """Comes before counting: of attempts at once, each then counts those that came before it."""
    await tx.execute("UPDATE counters SET value = value + 1 WHERE name = 'sign-ins'")


async def count(tx: Tx, address: str, account: str, since: float) -> Failures:
    """Those of an address after a moment, in seconds since 1970."""
    record = await tx.fetchrow(
        "SELECT coalesce(sum(CASE WHEN account = $2 THEN 1 ELSE 0 END), 0),"
        " coalesce(min(CASE WHEN account = $2 THEN at END), 0), count(*), coalesce(min(at), 0)"
        " FROM sign_in_failures WHERE address = $1 AND at > $3",
        *(address, account, since),
    )
    assert record is not None
    return Failures(*record)


async def add(tx: Tx, address: str, account: str, at: float) -> str:
    """The id of one more, which is taken away again where the sign-in does not fail."""
    made = new_id()
    await tx.execute(
        "INSERT INTO sign_in_failures (address, account, id, at) VALUES ($1, $2, $3, $4)",
        *(address, account, made, at),
    )
    return made


async def remove(tx: Tx, address: str, account: str, failure_id: str) -> None:
    """Takes away what was no failure."""
    await tx.execute(
        "DELETE FROM sign_in_failures WHERE address = $1 AND account = $2 AND id = $3",
        *(address, account, failure_id),
    )


async def prune(tx: Tx, before: float, limit: int) -> int:
    """Drops those before a moment, `limit` at most; how many."""
    return await tx.execute(
        "DELETE FROM sign_in_failures WHERE at < $1 AND id IN"
        " (SELECT id FROM sign_in_failures WHERE at < $1 ORDER BY at LIMIT $2)",
        *(before, limit),
    )
