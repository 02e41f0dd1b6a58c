"""The parts of `mcp-doctor run`: its words, the entry, its values, becoming the server, and how a start fails."""
