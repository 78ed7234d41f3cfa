"""The operations on passkeys: rows of the table in `server.routes`."""

from typing import Any, Final

from domain.passkey import NewPasskey, PasskeySignIn
from server.api import passkeys, schemas
from server.api.passkey_options import NewPasskeyOptions, SignInOptions
from server.api.session import SignedIn
from server.bodies import ROW_BYTES
from server.route import Body, Route, Transaction
from storage.passkeys import PasskeyInfo


def _body(kind: Any) -> Body:
    return Body(type=kind, largest=ROW_BYTES)


PASSKEYS: Final[tuple[Route, ...]] = (
    Transaction("POST", "/session/passkey/options", "getPasskeyOptions",
                passkeys.sign_in_options, "Begin to sign in by passkey", "session", SignInOptions,
                access="sign-in",
                description="What `navigator.credentials.get()` takes. The challenge is good for "
                            "five minutes, once. No passkey and nobody is named in it."),
    Transaction("POST", "/session/passkey", "signInByPasskey", passkeys.sign_in,
                "Sign in by passkey", "session", SignedIn, access="sign-in",
                body=_body(PasskeySignIn), prepare=passkeys.prove,
                description="The reply is that of `GET /session`, with a new session's cookie. "
                            "The authenticator must have verified its user; one whose counter "
                            "does not go up is a copy, and is refused."),
    Transaction("POST", "/me/passkeys/options", "getNewPasskeyOptions",
                passkeys.registration_options, "Begin to add a passkey", "passkeys",
                NewPasskeyOptions, access="session",
                description="What `navigator.credentials.create()` takes. The challenge is good "
                            "for five minutes, once, and for whoever asked."),
    Transaction("POST", "/me/passkeys", "addPasskey", passkeys.add, "Add a passkey", "passkeys",
                PasskeyInfo, access="session", body=_body(NewPasskey), statuses=(201,),
                prepare=passkeys.register),
    Transaction("GET", "/me/passkeys", "listPasskeys", passkeys.list_, "List passkeys",
                "passkeys", schemas.page(PasskeyInfo), access="session",
                description="All of them, oldest first."),
    Transaction("DELETE", "/me/passkeys/{passkeyId}", "deletePasskey", passkeys.delete,
                "Remove a passkey", "passkeys", None, access="session", statuses=(204,),
                description="Nobody signs in by it from then on."),
)  # fmt: skip
