"""The way to the terminal: changed cells only, in few bytes, and no more frames than it takes."""
