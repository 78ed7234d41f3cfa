"""Names of settings, in the file and in the environment, and what is like them."""

import difflib
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from runtime.settings import Settings

CLIENT_VARIABLES: Final = ("CARNET_URL", "CARNET_API_KEY")
"""Variables of the commands that speak to a server; the server's settings are not among them."""

FIELDS: Final = {
    f"{section.name}.{field.name}": field
    for section in msgspec.structs.fields(Settings)
    for field in msgspec.structs.fields(section.type)
}
SECTIONS: Final = Settings.__struct_fields__


def variable_of(setting: str) -> str:
    """The environment variable of a setting: `CARNET_HTTP__PORT` of `http.port`."""
    return f"CARNET_{setting.upper().replace('.', '__')}"


def setting_of(variable: str) -> tuple[str, bool]:
    """The setting of a variable, if it is one, and whether its value is in a file.

    `CARNET_STORAGE__URL_FILE` names the file that `storage.url` is in.
    """
    name = variable.removeprefix("CARNET_").lower().replace("__", ".", 1)
    setting = name.removesuffix("_file")
    return (name, False) if name in FIELDS else (setting, setting != name)


def unknown(name: str) -> str:
    """What to say of a name in the file that is none."""
    section = name.partition(".")[0]
    if nearest := _nearest(name, () if "." in name else SECTIONS):
        remedy = f"did you mean {nearest}?"
    elif section in SECTIONS:
        names = [each.partition(".")[2] for each in FIELDS if each.startswith(f"{section}.")]
        remedy = f"[{section}] has {', '.join(names)}"
    else:
        remedy = f"there are {', '.join(f'[{known}]' for known in SECTIONS)}"
    return f"there is no such setting; {remedy}"


def unknown_variable(variable: str) -> str:
    """What to say of a variable that is none."""
    clients = {client.removeprefix("CARNET_").lower(): client for client in CLIENT_VARIABLES}
    # A key, and no more, is the API key, whatever settings have the word in them.
    clients["key"] = clients["api_key"]
    name, in_file = setting_of(variable)
    nearest = _nearest(name, clients)
    if nearest is None:
        return "there is no such setting; a setting's variable is CARNET_SECTION__NAME"
    meant = clients.get(nearest) or variable_of(nearest) + "_FILE" * in_file
    return f"there is no such setting; did you mean {meant}?"


def _nearest(name: str, others: Iterable[str]) -> str | None:
    """The setting, or one of the other names, that is most like a name; None if none is."""
    spelled: dict[str, str] = {}
    for setting in reversed(FIELDS):
        # "port" alone is like http.port, and "storage_url" like storage.url.
        spelled |= {setting.partition(".")[2]: setting, setting.replace(".", "_"): setting}
    spelled |= {other: other for other in others}
    close = difflib.get_close_matches(re.sub(r"[._]+", "_", name[:100].lower()), spelled, n=1)
    return spelled[close[0]] if close else None
