"""Settings from `config.toml`, then `CARNET_*` of the environment (contract section 8).

`CARNET_STORAGE__URL_FILE` names a file with the value of `storage.url`, and so for each setting:
secrets then stand in no environment, which others can look at (`docker inspect`).
"""

import os
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
    setting_of,
    unknown,
    unknown_variable,
)
from runtime.settings import Settings


class ConfigError(ValueError):
    """Settings that cannot be: each line names one, and says how to mend it."""

    def __init__(self, *lines: str) -> None:
        super().__init__("; ".join(lines))
        self.lines = lines


def load_settings(path: Path | None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a TOML file (`./config.toml` if there is one and none is named).

    Raises `ConfigError` with all that is wrong.
    """
    found = _Found()
    found.take_file(_read(path))
    found.take_environment(os.environ if environ is None else environ)
    settings = found.settings()
    for listens in (settings.http, settings.metrics):
        listens.host = listens.host.strip("[]")
    return settings


class _Found:
    """What the file and the environment say, and what is wrong with it."""

    def __init__(self) -> None:
        self._values: dict[str, Any] = {}
        self._variables: dict[str, str] = {}
        """The variables that settings came from."""
        self._refused: dict[str, str] = {}
        """What is to be said, by the name that is wrong."""

    def take_file(self, tables: Mapping[str, Any]) -> None:
        """Takes the settings of a TOML file."""
        for section, table in tables.items():
            if section not in SECTIONS:
                self._refuse(section, unknown(section))
            elif not isinstance(table, dict):
                self._refuse(section, f"must be a section, [{section}]")
            else:
                for name, value in table.items():
                    if (setting := f"{section}.{name}") in FIELDS:
                        self._values[setting] = value
                    else:
                        self._refuse(setting, unknown(setting))

    def take_environment(self, environ: Mapping[str, str]) -> None:
        """Takes the settings of the environment, in the place of the file's."""
        for variable, text in environ.items():
            if not variable.startswith("CARNET_") or variable in CLIENT_VARIABLES:
                continue
            setting, in_file = setting_of(variable)
            if setting not in FIELDS:
                self._refuse(variable, unknown_variable(variable))
                continue
            if setting in self._variables:
                other = self._variables[setting]
                self._refuse(setting, f"must come from {other} or from {variable}, not both")
                continue
            self._variables[setting] = variable
            try:
                self._values[setting] = _read_value(Path(text)) if in_file else text
            except ValueError as error:
                self._refuse(setting, str(error))

    def settings(self) -> Settings:
        """The settings, each checked by itself and beside the others."""
        tables: dict[str, dict[str, Any]] = {section: {} for section in SECTIONS}
        for setting, value in self._values.items():
            section, _, name = setting.partition(".")
            try:
                tables[section][name] = _convert(setting, value)
            except ValueError as error:
                self._refuse(setting, str(error))
        settings = msgspec.convert(tables, Settings)
        for setting, reason in contradictions(settings):
            self._refuse(setting, reason)
        if self._refused:
            raise ConfigError(*self._refused.values())
        return settings

    def _refuse(self, name: str, reason: str) -> None:
        """Notes what is wrong with a setting or a variable, if nothing is noted of it yet."""
        origin = f" (from {self._variables[name]})" if name in self._variables else ""
        self._refused.setdefault(name, f"{_shown(name)}: {reason}{origin}")


def _read_value(path: Path) -> str:
    """The text of a file, without the newline at its end; `ValueError` when there is none."""
    shown = _shown(str(path))
    try:
        text = path.read_text(encoding="utf-8").removesuffix("\n")
    except OSError as error:
        raise ValueError(f"cannot read {shown}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{shown} must be UTF-8 text") from error
    if not text:
        raise ValueError(f"{shown} must not be empty")
    return text


def _convert(setting: str, value: Any) -> Any:
    """The value of a setting as it is declared; `ValueError` with what it must be."""
    field = FIELDS[setting]
    if isinstance(value, str):
        if not _is_clean(value):
            raise ValueError("must be UTF-8 text without control characters")
        if isinstance(field.default, tuple):
            value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, field.type, strict=False)
    except msgspec.ValidationError as error:
        (meta,) = field.type.__metadata__
        raise ValueError(f"must be {meta.description}") from error


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


def _is_clean(text: str) -> bool:
    """Whether a text is free of control characters, and of bytes that were not UTF-8."""
    return not any(unicodedata.category(character) in ("Cc", "Cs") for character in text)


def _shown(name: str) -> str:
    """A name as it can be printed in one line."""
    return "".join(c if c.isprintable() else "?" for c in name[:100])
