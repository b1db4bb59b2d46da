"""Whole runs without a screen: check, and sweeps on processes or a Dask cluster."""
