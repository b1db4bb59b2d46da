"""What goes to the terminal: only cells that changed, in few bytes, and no more frames than it takes."""
