"""Looking: reads configs, stores and servers and says what it found. Never changes anything."""

__version__ = "0.1.0"
