"""Questions asked of records: conditions, aggregates, breakpoints, claims. No torch."""
