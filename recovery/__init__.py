"""Touching: remedies made of steps that preview, ask, apply, verify and can be undone."""
