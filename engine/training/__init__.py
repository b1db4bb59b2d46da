"""One state of a run, and one step of it."""
