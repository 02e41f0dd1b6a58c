"""Which variables a server needs, and how that is known: one module a source of knowledge."""
