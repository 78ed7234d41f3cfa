"""Everything at rest. `open_store(url)` gives a `Store`; the other modules are operations on it.

An operation is a coroutine function that takes a transaction first and awaits nothing but
that transaction's methods. `store.read(op)` and `store.write(op)` run one.
"""

from storage.store import StorageUrlError, Store

__all__ = ["StorageUrlError", "open_store"]


async def open_store(url: str, *, standby_url: str = "", create: bool = True) -> Store:
    """Opens the database behind a URL, by its scheme; `StorageUrlError` if there is none.

    A Postgres may have a standby, which reads of trips are sent to.

    With `create`, a database file that is not there is made. The schema is not touched:
    `storage.migrate.migrate` brings it up to date.
    """
    # A backend is imported when it is used: its driver costs memory and start-up time.
    match url.partition(":")[0]:
        case "sqlite":
            from storage.sqlite import open_sqlite

            return await open_sqlite(url, create=create)
        case "postgresql" | "postgres":
            from storage.postgres import open_postgres

            return await open_postgres(url, standby_url)
        case scheme:
            raise StorageUrlError(
                f"unknown scheme {scheme!r}; use sqlite:///path or postgresql://user:pass@host/db"
            )
