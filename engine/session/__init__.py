"""A run with its history: the face that scripts use, and its file."""
