"""What tests of settings have in common."""

from pathlib import Path

import pytest


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working directory without a config.toml."""
    monkeypatch.chdir(tmp_path)
