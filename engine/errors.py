"""The errors that a user can cause. Front ends print their text and nothing else."""


class UserError(Exception):
    """A mistake in what the user gave; its text says what, where, and what is allowed."""
