"""`carnet import`: files of other programs, read here, and sent by the client."""
