"""The commands, one a module; each has `run(call) -> exit code`."""
