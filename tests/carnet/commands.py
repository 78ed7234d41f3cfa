"""The command line within the test process: fast, and the same code as in one of its own.

But `serve` gets one of its own: it sets up logging, which is the whole process's.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from carnet.cli import main
from tests.carnet.program import Outcome, run


class Commands:
    """Runs commands in a folder, as `carnet("key", "list")`."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self.database = folder / "data" / "carnet.db"
        self._monkeypatch = monkeypatch
        self._capture = capture
        monkeypatch.chdir(folder)

    def __call__(self, *arguments: str, **variables: str) -> Outcome:
        if "serve" in arguments:
            return run(self.folder, *arguments, **variables)
        with self._monkeypatch.context() as patch:
            for name, text in variables.items():
                patch.setenv(name, text)
            self._capture.readouterr()
            with pytest.raises(SystemExit) as ended:
                main(list(arguments))
        out, err = self._capture.readouterr()
        assert isinstance(ended.value.code, int)
        return Outcome(ended.value.code, out, err)

    def sql(self, statement: str) -> list[Any]:
        """Runs a statement on the database file; its rows."""
        with closing(sqlite3.connect(self.database)) as database, database:
            return database.execute(statement).fetchall()

    def roles(self) -> set[tuple[str, str, str]]:
        """Who is what in which group."""
        return set(self.sql("SELECT group_id, user_id, role FROM group_members"))
