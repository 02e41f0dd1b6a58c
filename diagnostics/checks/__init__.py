"""The checks, one a file, in a folder a stage. A new check is a file here and its words in the catalogue."""
