"""What to try and what to copy: a demo, a small client, a trip as a file."""
