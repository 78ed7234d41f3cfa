"""The operations by which people sign in and out: rows of the table in `server.routes`."""

from typing import Final

from domain.sign_in import PasswordChange, PasswordReset, SetUp, SignIn
from server.api import passwords, schemas, session, sessions, set_up
from server.api.session import SignedIn
from server.api.sessions import ListedSession
from server.bodies import ROW_BYTES
from server.route import Body, Route, Transaction


def _secret(kind: type) -> Body:
    return Body(type=kind, largest=ROW_BYTES, secret=True)


SESSION: Final[tuple[Route, ...]] = (
    Transaction("POST", "/setup", "setUp", set_up.set_up, "Set up a new server", "session",
                SignedIn, access="visitor", statuses=(201,), conflicts=True,
                prepare=set_up.check, body=_secret(SetUp),
                description="Makes the user of the first start yours, who owns the first group. "
                            "The code is printed by `carnet serve` until this is done; then the "
                            "answer is 409."),
    Transaction("POST", "/session", "signIn", session.sign_in, "Sign in", "session", SignedIn,
                access="sign-in", body=_secret(SignIn), prepare=session.check,
                description="The reply sets the cookie of a new session; one that was sent along "
                            "is over. A wrong e-mail and a wrong password are answered alike. "
                            "After ten failures in a quarter of an hour, of one account from one "
                            "address, the answer is 429."),
    Transaction("GET", "/session", "getSession", session.show, "Who is signed in", "session",
                SignedIn, access="session",
                description="What `GET /me` tells, and which session it is."),
    Transaction("DELETE", "/session", "signOut", session.sign_out, "Sign out", "session", None,
                access="session", statuses=(204,),
                description="The session is over at once, and its cookie goes."),
    Transaction("GET", "/sessions", "listSessions", sessions.list_, "List your sessions",
                "session", schemas.page(ListedSession), access="session",
                description="Where you are signed in, the one used last first; all of them at "
                            "once."),
    Transaction("DELETE", "/sessions/{sessionId}", "endSession", sessions.end,
                "End a session of yours", "session", None, access="session", statuses=(204,),
                description="Whoever uses it is signed out at once."),
    Transaction("POST", "/me/password", "changePassword", passwords.change,
                "Change your password", "session", None, access="session", statuses=(204,),
                prepare=passwords.check_change, body=_secret(PasswordChange),
                description="All your other sessions are over. A wrong `current` is told as a "
                            "detail of that field, and counts as a failed sign-in; one who has no "
                            "password yet leaves it out."),
    Transaction("POST", "/reset/{token}", "resetPassword", passwords.reset,
                "Set a new password by a link", "session", None, access="visitor",
                statuses=(204,), prepare=passwords.check_reset, body=_secret(PasswordReset),
                description="The link is from `carnet user reset`, is good for a day and works "
                            "once. All sessions of its user are over, and nobody is signed in by "
                            "it."),
)  # fmt: skip
