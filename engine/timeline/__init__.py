"""Positions walked both ways: kept states, branches, records."""
