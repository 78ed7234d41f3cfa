"""The licences of all that is in the bundle, as its parts bring them."""

import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from ops.binary.contents import ROOT, licence_files, needed


def text(binaries: Iterable[str]) -> str:
    """The text for a bundle with these libraries; `LookupError` for one without a licence."""
    parts = [("Carnet", (ROOT / "LICENSE").read_text("utf-8")), ("Python", _of_python())]
    parts += [(_title(each), _of(each)) for each in needed() if each.name != "carnet"]
    parts += [("The launcher, of PyInstaller", _of(distribution("pyinstaller")))]
    parts += _of_system(binaries)
    line = "=" * 80
    return "\n\n".join(f"{line}\n{title}\n{line}\n\n{licence.strip()}" for title, licence in parts)


def _of_python() -> str:
    return Path(sysconfig.get_path("stdlib"), "LICENSE.txt").read_text("utf-8")


def _title(part: Distribution) -> str:
    terms = part.metadata["License-Expression"] or part.metadata["License"] or "see below"
    return f"{part.name} {part.version} ({terms.partition(chr(10))[0]})"


def _of(part: Distribution) -> str:
    texts = [path.read_text("utf-8", errors="replace") for path in licence_files(part)]
    if not texts:
        raise LookupError(f"{part.name} {part.version} has no licence in it")
    return "\n\n".join(texts)


def _of_system(binaries: Iterable[str]) -> list[tuple[str, str]]:
    """Those of the libraries that are Debian's."""
    packages = sorted({_package(path) for path in binaries if _is_of_system(Path(path))})
    return [
        (f"{name}, of Debian", Path("/usr/share/doc", name, "copyright").read_text("utf-8"))
        for name in packages
    ]


def _is_of_system(path: Path) -> bool:
    """Whether a file came neither with a distribution nor with a Python built from its sources."""
    own = [sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")]
    if sys.base_prefix != "/usr":
        own.append(sys.base_prefix)
    return not any(path.resolve().is_relative_to(Path(each).resolve()) for each in own)


def _package(path: str) -> str:
    """The package of Debian's that has a file."""
    for name in (path, str(Path(path).resolve()), path.removeprefix("/usr")):
        done = subprocess.run(["dpkg-query", "-S", name], capture_output=True, text=True)
        if done.returncode == 0:
            return done.stdout.partition(":")[0]
    raise LookupError(f"whose {path} is cannot be told, so it has no licence")
