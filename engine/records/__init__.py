"""The records of a run: a row of numbers a position, and measured quantities beside it. No torch."""
