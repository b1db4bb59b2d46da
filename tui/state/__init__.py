"""The state of the screen, kept up to date by the events of the engine."""
