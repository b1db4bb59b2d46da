"""The state of a run, and the step from it to the next."""
