"""The program of the folder as a .tar.gz and as a .deb; plain tar and dpkg-deb make them."""

import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from ops.binary.contents import ROOT, VERSION

UNITS: Final = ROOT / "ops" / "systemd"
DEBIAN: Final = Path(__file__).parent / "debian"
IN_A_CLONE: Final = "/opt/carnet/.venv/bin/carnet"
"""The program as the units name it."""


def glibc(folder: Path) -> str:
    """The oldest glibc with which the program and its libraries start."""
    libraries = [str(path) for path in folder.rglob("*.so*")]
    symbols = _said(["objdump", "--dynamic-syms", str(folder / "carnet"), *libraries])
    found = {tuple(map(int, each.split("."))) for each in re.findall(r"GLIBC_([\d.]+)", symbols)}
    return ".".join(map(str, max(found)))


def archive(folder: Path, into: Path) -> Path:
    """A .tar.gz, whose one folder may lie anywhere."""
    name = f"carnet-{VERSION}-linux-{platform.machine()}"
    made = into / f"{name}.tar.gz"
    with tempfile.TemporaryDirectory() as scratch, tarfile.open(made, "w:gz") as tar:
        top = Path(shutil.copytree(folder, Path(scratch, name)))
        shutil.copy(folder / "_internal" / "LICENSES.txt", top)
        shutil.copy(ROOT / "config.toml", top / "config.toml.example")
        _write_units(top / "systemd", "/opt/carnet/carnet")
        tar.add(top, name, filter=_of_root)
    return made


def _of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry


def debian(folder: Path, into: Path) -> Path:
    """A .deb: /usr/bin/carnet, units that are not enabled, and their settings in /etc/carnet."""
    architecture = _said(["dpkg", "--print-architecture"])
    made = into / f"carnet_{VERSION}_{architecture}.deb"
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch, "root")
        shutil.copytree(folder, root / "usr/lib/carnet")
        (root / "usr/bin").mkdir()
        (root / "usr/bin/carnet").symlink_to("../lib/carnet/carnet")
        documents = root / "usr/share/doc/carnet"
        documents.mkdir(parents=True)
        shutil.move(root / "usr/lib/carnet/_internal/LICENSES.txt", documents / "copyright")
        shutil.copy(ROOT / "config.toml", documents)
        _write_units(root / "usr/lib/systemd/system", "/usr/bin/carnet")
        (root / "etc/carnet").mkdir(parents=True)
        settings = Path(shutil.copy(DEBIAN / "carnet.env", root / "etc/carnet"))
        settings.chmod(0o600)
        shutil.copytree(DEBIAN, root / "DEBIAN", ignore=shutil.ignore_patterns("carnet.env"))
        control = root / "DEBIAN/control"
        control.write_text(
            control.read_text("utf-8").format(
                version=VERSION,
                architecture=architecture,
                glibc=glibc(folder),
                kilobytes=_said(["du", "-sk", str(root)]).split()[0],
            ),
            "utf-8",
        )
        # Compressed by a third of the work, to be 6 % larger.
        _said(["dpkg-deb", "--root-owner-group", "-Zxz", "-z1", "--build", str(root), str(made)])
    return made


def _write_units(folder: Path, program: str) -> None:
    """The units of this repository, for a program that lies elsewhere."""
    folder.mkdir(parents=True)
    for unit in UNITS.iterdir():
        text = unit.read_text("utf-8")
        (folder / unit.name).write_text(text.replace(IN_A_CLONE, program), "utf-8")


def _said(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
