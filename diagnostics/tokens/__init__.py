"""What a credential's text tells: damage, shape, whose it is, and how it is kept out of other texts."""
