"""The Samples tab: single samples, drawn by the kind of their targets."""
