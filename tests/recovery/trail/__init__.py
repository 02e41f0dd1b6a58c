"""The audit trail under attack, after crashes, and on odd disks."""
