"""Settings from `config.toml`, then `CARNET_*` of the environment (contract section 8)."""

import os
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from runtime.contradictions import contradictions
from runtime.setting_names import (
    CLIENT_VARIABLES,
    FIELDS,
    SECTIONS,
    unknown,
    unknown_variable,
)
from runtime.settings import Settings


class ConfigError(ValueError):
    """A setting that cannot be; the text is one line that names it and says how to mend it."""


def load_settings(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a TOML file (`./config.toml` if there is one and none is named).

    Raises `ConfigError` with the name of the setting that is wrong.
    """
    values = _read(path)
    _refuse_unknown(values)
    variables = _take_variables(values, os.environ if environ is None else environ)
    for setting, text in _texts(values):
        if not _is_clean(text):
            raise _refusal(setting, "must be UTF-8 text without control characters", variables)
        if isinstance(FIELDS[setting].default, tuple):
            section, _, name = setting.partition(".")
            values[section][name] = [part.strip() for part in text.split(",") if part.strip()]
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise _refusal(*_explain(str(error)), variables) from error
    for setting, reason in contradictions(settings):
        raise _refusal(setting, reason, variables)
    settings.http.host = settings.http.host.strip("[]")
    return settings


def _read(path: Path | None) -> dict[str, Any]:
    if path is None:
        path = Path("config.toml")
        if not path.exists():
            return {}
    try:
        # Some editors begin a file with a byte order mark.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        reason = f"it is not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise ConfigError(f"{path} is not TOML: {reason}") from error
    except (ValueError, RecursionError) as error:  # also numbers and nesting without end
        raise ConfigError(f"{path} is not TOML: {error}") from error


def _refuse_unknown(values: dict[str, Any]) -> None:
    for section, table in values.items():
        if section not in SECTIONS:
            raise ConfigError(f"{_shown(section)}: {unknown(section)}")
        for name in table if isinstance(table, dict) else ():
            if (setting := f"{section}.{name}") not in FIELDS:
                raise ConfigError(f"{_shown(setting)}: {unknown(setting)}")


def _take_variables(values: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Puts the environment's settings over the file's; the variables they came from."""
    variables = {}
    for variable, text in environ.items():
        if not variable.startswith("CARNET_") or variable in CLIENT_VARIABLES:
            continue
        setting = variable.removeprefix("CARNET_").lower().replace("__", ".", 1)
        if setting not in FIELDS:
            raise ConfigError(f"{_shown(variable)}: {unknown_variable(setting)}")
        section, _, name = setting.partition(".")
        table = values.setdefault(section, {})
        if isinstance(table, dict):
            table[name] = text
            variables[setting] = variable
    return variables


def _texts(values: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (f"{section}.{name}", value)
        for section, table in values.items()
        if isinstance(table, dict)
        for name, value in table.items()
        if isinstance(value, str)
    ]


def _is_clean(text: str) -> bool:
    """Whether a text is free of control characters, and of bytes that were not UTF-8."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _explain(message: str) -> tuple[str, str]:
    """msgspec's "reason - at `$.http.port`" as a setting, and what it must be."""
    place = message.rpartition(" - at ")[2]
    setting = re.sub(r"\[.*", "", place.strip("`").removeprefix("$."))
    if setting not in FIELDS:
        return setting, f"must be a section, [{setting}]"
    (meta,) = FIELDS[setting].type.__metadata__
    return setting, f"must be {meta.description}"


def _refusal(setting: str, reason: str, variables: Mapping[str, str]) -> ConfigError:
    origin = f" (from {variables[setting]})" if setting in variables else ""
    return ConfigError(f"{setting}: {reason}{origin}")


def _shown(name: str) -> str:
    """A name as it can be printed in one line."""
    return "".join(c if c.isprintable() else "?" for c in name[:100])
