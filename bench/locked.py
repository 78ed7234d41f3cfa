"""An environment with what `requirements.lock` names and nothing else: that of a server.

What developers need beside it takes memory where it is found: structlog imports rich, for one.
"""

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"


def interpreter() -> Path | None:
    """That of the environment, which is made once; None where packages cannot be had."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:12]
    folder = ROOT / "bench" / "tmp" / f"locked-{key}"
    python, done = folder / "bin" / "python", folder / ".done"
    if done.exists():
        return python
    base = str(Path(sys.executable).resolve())
    # Without python3-venv, Debian's makes environments that have no pip: its own does it.
    pip = [sys.executable if importlib.util.find_spec("pip") else base, "-m", "pip"]
    install = ["--python", str(python), "install", "--require-hashes", "-r", str(LOCK)]
    try:
        subprocess.run([base, "-m", "venv", "--clear", "--without-pip", str(folder)], check=True)
        subprocess.run([*pip, "-qq", "--retries", "1", *install], check=True)
    except subprocess.CalledProcessError:
        return None
    done.touch()
    return python
