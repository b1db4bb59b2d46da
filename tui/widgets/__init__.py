"""Parts that the panes are made of."""
