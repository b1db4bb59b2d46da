"""What a run wrote down: one row a position, and the quantities measured beside it. No torch."""
