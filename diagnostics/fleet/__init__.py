"""Reports of many hosts, gathered elsewhere and read here as hostile text: which host and server is broken, worst first."""
