"""The texts that engines of this and other systems take: one module an engine, each pure, each quoting by its own rules."""
