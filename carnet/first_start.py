"""What a first start tells: a key, and the link by which the first user is claimed.

They are printed (contract section 8). A journal would keep them for good: there, and where
`log.secrets_to` names a file, they go into a file, and only its name is printed.
"""

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TextIO

from carnet.address import base_of_pages, curl
from carnet.failure import Failure
from domain.errors import Unavailable
from domain.set_up_code import set_up_code
from runtime.clock import now
from runtime.settings import Settings
from storage import accounts, server_state
from storage.accounts import FirstAccount
from storage.sqlite import path_of
from storage.store import Store

FIRST_USER: Final = {"email": "owner@localhost", "name": "Owner", "group": "Home"}
FILE_NAME: Final = "first-start.txt"

Say = Callable[[str], None]
"""Tells the person who started the program."""


async def tell_first_start(settings: Settings, store: Store, say: Say) -> None:
    """Makes the first user where there is none, and tells what that needs to be known.

    `Failure` when there is a file for it that cannot be opened, and nothing is made then; also
    where the disk is full when it is written, which tells how to go on. A database that is away
    just now ends no server.
    """
    try:
        await _tell(settings, store, say)
    except Unavailable as error:
        say(f"{error.message}: if nobody has set this Carnet up yet, the next start tells how")


async def _tell(settings: Settings, store: Store, say: Say) -> None:
    is_new = not await store.read(accounts.is_set_up)
    if not is_new and not await store.read(accounts.unclaimed):
        return
    confide = _confidant(settings, say)
    if confide is None:
        say(_NO_USER if is_new else _UNCLAIMED)
        return
    if is_new:
        first = await store.write(lambda tx: accounts.set_up(tx, now=now(), **FIRST_USER))
        confide(_welcome(curl(settings), first))
    secret = await store.write(server_state.signing_secret)
    confide(invitation(settings, secret))


def _confidant(settings: Settings, say: Say) -> Say | None:
    """Tells that person alone; None where all that they are told is kept, and there is no file."""
    path = file_for_secrets(settings, os.environ)
    if path is None:
        return None if _is_journal(os.environ) else say
    _open(path).close()
    say(f"The first key and the link to set up by are in {path}: read it, then delete it")

    def write(text: str) -> None:
        try:
            with _open(path) as opened:
                # The link is told at each start until somebody has followed it.
                if text not in opened.read():
                    opened.write(text)
        except OSError as error:
            raise Failure(
                f"cannot write to {path}: {error.strerror}; the next start tells the link to set up"
                " by, and `carnet key create` makes a key in place of one that was not written"
            ) from error

    return write


def file_for_secrets(settings: Settings, environ: Mapping[str, str]) -> Path | None:
    """The file that secrets are written to; None where there is none for them."""
    if settings.log.secrets_to:
        return Path(settings.log.secrets_to)
    if not _is_journal(environ):
        return None
    if settings.storage.url.startswith("sqlite:"):
        return path_of(settings.storage.url).parent / FILE_NAME
    # Of a unit with several, the first (systemd.exec(5)).
    folder = environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(folder) / FILE_NAME if folder else None


def _is_journal(environ: Mapping[str, str]) -> bool:
    """Whether standard output is systemd's journal, by `JOURNAL_STREAM` (systemd.exec(5)).

    Where standard output and error are streams of their own, it names the second.
    """
    try:
        out, error = os.fstat(1), os.fstat(2)
    except OSError:
        return False
    journal = environ.get("JOURNAL_STREAM")
    streams = [f"{each.st_dev}:{each.st_ino}" for each in (out, error)]
    return journal == streams[0] or (journal == streams[1] and stat.S_ISSOCK(out.st_mode))


def _open(path: Path) -> TextIO:
    """A file that its owner alone may read, made where there is none; what is written is added."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        file = os.open(path, flags, 0o600)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            os.close(file)
            raise Failure(f"cannot write the first key to {path}: it is no regular file")
        os.fchmod(file, 0o600)
    except OSError as error:
        raise Failure(f"cannot write the first key to {path}: {error.strerror}") from error
    # Whatever else is in it, of which nothing is changed.
    return os.fdopen(file, "r+", encoding="utf-8", errors="replace")


def invitation(settings: Settings, secret: bytes) -> str:
    """The link by which the first user is claimed, and its code; `secret` signs that."""
    code = set_up_code(secret)
    return (
        "\nNobody has set this Carnet up yet. While it serves, open this link to choose your"
        " e-mail, name and password:\n\n"
        f"  {base_of_pages(settings)}/setup?code={code}\n\n"
        f"Set-up code: {code}\n"
    )


_NO_USER: Final = (
    "Nobody has set this Carnet up yet. The journal would keep the key and the link for that: run"
    " `carnet init`, or set log.secrets_to to a file to have them written there."
)
_UNCLAIMED: Final = (
    "The first user has no password yet. The journal would keep the link for that, which"
    " `carnet user reset EMAIL` prints; or set log.secrets_to to a file to have it written there."
)


def _welcome(curl: str, first: FirstAccount) -> str:
    return (
        "\nThis is the first start, so there is now a user, a group, and an API key.\n"
        "The key is shown only this once:\n\n"
        f"  {first.api_key}\n\n"
        "Try it:\n\n"
        f'  {curl}/api/v1/me -H "Authorization: Bearer {first.api_key}"\n'
    )
