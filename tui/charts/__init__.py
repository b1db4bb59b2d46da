"""Charts and small drawings as lines of text: reduce a series, choose its axes, draw it."""
