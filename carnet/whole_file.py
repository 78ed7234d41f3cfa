"""Files that are there as a whole or, on a failure, as they were before."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from carnet.failure import Failure


def write_file(path: Path, write: Callable[[BinaryIO], None], mode: int = 0o666) -> None:
    """Has a file written under another name at first; `Failure` where it cannot be.

    Its mode is less what the process' umask takes away.
    """
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        part = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                write(file)
            part.chmod(mode & ~_umask())
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror}") from error


def _umask() -> int:
    """What new files may not be, which can be asked only by setting it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
