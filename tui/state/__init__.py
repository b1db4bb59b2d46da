"""The state of the screen, updated by the engine's events."""
