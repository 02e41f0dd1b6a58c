"""Reading clients' config files: places, bytes, notation, entries. Nothing here raises on a file's content."""
