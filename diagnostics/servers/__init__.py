"""A server as its client starts it: its program, its environment, its first words, its end."""
