"""What the tests of clients have in common."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def built() -> Path:
    """The folder of the TypeScript client, as it is published; `make test` has built it."""
    subprocess.run(["make", "--silent", "clients/typescript/dist/.built"], cwd=ROOT, check=True)
    return ROOT / "clients" / "typescript"
