"""The Model Context Protocol: what assistants may do with Carnet, by the same operations."""
