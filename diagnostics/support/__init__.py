"""The support bundle: what a person hands to somebody who helps, after reading it. Nothing in it names a secret or a person."""
