"""The commands without a screen, one a file: `add_arguments` and `main`."""
