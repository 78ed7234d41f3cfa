"""The program `carnet`: its command line, and how the parts are put together."""
