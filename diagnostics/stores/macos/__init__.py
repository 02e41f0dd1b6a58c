"""The keychains of macOS: what `security` and the Security framework tell of them, and what that means.

`parsing` and `access` only compute. `program` and `child` call, each within a deadline and so that no window can open;
`looking` puts a picture together, `store` is the adapter for checks.
"""
