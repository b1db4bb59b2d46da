"""Computations on a copy of a state. None disturbs the run."""
