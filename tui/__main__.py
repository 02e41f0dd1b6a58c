"""`python -m tui` is `mcp-doctor`."""

from tui.cli import main

raise SystemExit(main())
