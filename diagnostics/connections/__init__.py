"""Connection URLs of databases: what is in one, what is wrong with it, and whether anything answers there."""
