"""The audit trail's parts: records and their digest, key, anchor, who and when, other sinks, and the proof of it all."""
