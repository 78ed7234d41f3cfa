"""`python -m carnet`."""

import os
import sys

# The interpreter has put the current folder first on the path, and a `server.py` that lies there
# is not ours. Where Carnet itself was found there, that is a copy of its sources.
if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(__file__)):  # noqa: PTH120 - pathlib would be looked for there too
    del sys.path[0]

from carnet.cli import main

main()
