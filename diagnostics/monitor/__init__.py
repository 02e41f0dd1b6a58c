"""The monitor, as far as it only looks: how credentials are, what has changed, which timer runs it. Nothing writes."""
