"""`make binary`: Carnet as one file, as a .tar.gz and as a .deb, in a folder (`dist`)."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ops.binary import packages
from ops.binary.contents import ROOT


def main(into: Path) -> None:
    """Makes the three files."""
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="carnet-binary-") as scratch:
        bundles = freeze(Path(scratch))
        made = [
            Path(shutil.copy(bundles / "carnet", into)),
            packages.archive(bundles / "folder", into),
            packages.debian(bundles / "folder", into),
        ]
        floor = packages.glibc(bundles / "folder")
    for path in made:
        print(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    print(f"They need Linux with glibc {floor} or newer.")


def freeze(scratch: Path) -> Path:
    """What PyInstaller makes: the file `carnet`, and the `folder` of the same program."""
    command = (
        *(sys.executable, "-m", "PyInstaller", "--log-level", "WARN"),
        *("--distpath", scratch / "dist", "--workpath", scratch / "work"),
        ROOT / "ops" / "binary" / "carnet.spec",
    )
    own_cache = os.environ | {"PYINSTALLER_CONFIG_DIR": str(scratch / "cache")}
    subprocess.run(command, cwd=ROOT, env=own_cache, check=True)
    return scratch / "dist"


main(Path(sys.argv[1] if sys.argv[1:] else "dist"))
