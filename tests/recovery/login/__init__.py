"""Getting a login anew, against a real authorization server."""
