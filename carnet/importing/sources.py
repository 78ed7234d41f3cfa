"""The files that are named, one after the other, and what is found in them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from carnet.failure import Failure
from formats.found import Found, Position, Reading, Reject, Unreadable
from formats.reading import read


class Sources:
    """Files, and those of folders in the order of their names, hidden ones left out."""

    def __init__(self, paths: Sequence[Path], reading: Reading) -> None:
        self._files = [file for path in paths for file in _files(path)]
        if not self._files:
            raise Failure(f"{paths[0]}: the folder has no files")
        self._reading = reading
        self._size = sum(file.stat().st_size for file in self._files) or 1
        self._before = 0
        self._open: BinaryIO | None = None

    @property
    def share_read(self) -> float:
        """How much of all bytes is read, from 0 to 1; a reader may need a whole file at first."""
        here = self._open.tell() if self._open and not self._open.closed else 0
        return min(1.0, (self._before + here) / self._size)

    def found(self) -> Iterator[Found]:
        """What they hold; of a file that cannot be read, or no further, a reject tells."""
        self._before = 0
        for path in self._files:
            try:
                with path.open("rb") as file:
                    self._open = file
                    yield from read(file, str(path), self._reading)
            except (Unreadable, OSError) as error:
                reason = (error.strerror or "") if isinstance(error, OSError) else str(error)
                yield Reject(reason=reason, row=None, at=Position(file=str(path)))
            self._before += path.stat().st_size


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    inside = sorted(each for each in path.rglob("*") if each.is_file())
    return [
        each
        for each in inside
        if not any(part.startswith(".") for part in each.relative_to(path).parts)
    ]
