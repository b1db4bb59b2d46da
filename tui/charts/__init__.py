"""Charts as text: reduce a series, choose its axes, draw it into strips. Knows no widget and no engine."""
