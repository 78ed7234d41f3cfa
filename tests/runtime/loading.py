"""Settings as they are written into files and variables, and read again."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from runtime.configuration import ConfigError, load_settings
from runtime.settings import Settings
from tests.runtime import declared

DEFAULTS = {
    name: msgspec.json.decode(msgspec.json.encode(field.default))
    for name, field in declared.FIELDS.items()
}
"""The default of each setting, as JSON has it."""


def flat(settings: Settings) -> dict[str, Any]:
    built = msgspec.json.decode(msgspec.json.encode(settings))
    return {f"{s}.{name}": value for s, table in built.items() for name, value in table.items()}


def toml(**values: Any) -> str:
    """Settings as lines, by their names with dots."""
    # JSON and TOML agree on these, but for floats: JSON has neither nan nor inf.
    texts = {
        setting: repr(value) if isinstance(value, float) else msgspec.json.encode(value).decode()
        for setting, value in values.items()
    }
    return "".join(f"{setting} = {text}\n" for setting, text in texts.items())


def in_environment(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "some.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def refusal(path: Path | None, environ: dict[str, str] | None = None) -> str:
    """The text of a refusal, which is one line."""
    with pytest.raises(ConfigError) as caught:
        load_settings(path, environ or {})
    text = str(caught.value)
    assert "\n" not in text
    assert len(text) < 300
    return text
