"""The Curvature tab: eigenvalues against the stability limit, their history, directions, a map."""
