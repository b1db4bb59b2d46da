"""Data sets: arrays, and what is known about them. No torch."""
