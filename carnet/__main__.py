"""`python -m carnet`."""

import os
import sys

# The interpreter has put the current folder on the path, and a `server.py` that lies there is not
# ours. Where Carnet itself lies there, the folder is a copy of its sources.
_folder = os.getcwd()  # noqa: PTH109 - pathlib would be looked for there too
_sources = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
if not sys.flags.safe_path and _folder != _sources and _folder in sys.path:
    sys.path.remove(_folder)

if getattr(sys, "frozen", False):
    from carnet import frozen

    frozen.settle()

from carnet.cli import main  # noqa: E402 - found on the path and in the file as they are now

main()
