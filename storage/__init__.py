"""Everything at rest. `open_store(url)` gives a `Store`; the other modules are operations on it.

An operation is a coroutine function that takes a transaction first and awaits nothing but
that transaction's methods. `store.read(op)` and `store.write(op)` run one.
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from storage.sqlite import open_sqlite
from storage.store import Store


class StorageUrlError(ValueError):
    """A `storage.url` that no backend takes; the text says what is wrong with it."""


_BACKENDS: dict[str, Callable[..., Awaitable[Store]]] = {"sqlite": open_sqlite}


async def open_store(url: str, *, create: bool = True) -> Store:
    """Opens the database behind a URL, by its scheme; `StorageUrlError` if there is none.

    With `create`, a database that is not there is made. The schema is not touched:
    `storage.migrate.migrate` brings it up to date.
    """
    scheme = urlsplit(url).scheme
    if scheme in ("postgresql", "postgres"):
        raise StorageUrlError("Postgres storage is not built yet; use sqlite:///data/carnet.db")
    if scheme not in _BACKENDS:
        raise StorageUrlError(
            f"unknown scheme {scheme!r}; use sqlite:///path or postgresql://user:pass@host/db"
        )
    return await _BACKENDS[scheme](url, create=create)
