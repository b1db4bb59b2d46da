"""The run config and the preset: tables, TOML, changes, and errors in words. No torch."""
