"""The program `carnet`: its command line, and how the parts are put together."""

import os.path
import sys

# An installed Carnet carries its other packages in a folder of its own: `domain` or `server` in
# site-packages may be of another project.
_packages = os.path.join(os.path.dirname(__file__), "_packages")  # noqa: PTH118, PTH120 - found before any folder of the person who starts it can be looked into
if os.path.isdir(_packages):  # noqa: PTH112
    sys.path.insert(0, _packages)
