"""Forms that are sent twice, by a double click or a page that is loaded again."""

import hashlib


def reference(form_id: str, *values: str) -> str:
    """A clientRef for what a form makes.

    It is the same for the same values of the same form, and another one for others: a browser that
    goes back shows the form as it was, and what is sent with it then is something new.
    """
    sent = "\0".join((form_id, *values))
    return f"page-{hashlib.blake2b(sent.encode(), digest_size=16).hexdigest()}"
