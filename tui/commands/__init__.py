"""The commands that need no screen: one a file, each with what its arguments are and what it does."""
