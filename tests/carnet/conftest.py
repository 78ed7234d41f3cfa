"""What the tests of the program have in common."""

from pathlib import Path

import pytest

from tests.carnet.commands import Commands


@pytest.fixture
def carnet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Commands:
    """The command line in an empty folder."""
    return Commands(tmp_path, monkeypatch, capfd)
