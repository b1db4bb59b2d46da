"""Many runs at once: axes, the grid of runs they make, the runner, and the results. Imports no torch."""
