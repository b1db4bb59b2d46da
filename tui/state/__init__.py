"""What the screen knows, folded from the engine's events."""
