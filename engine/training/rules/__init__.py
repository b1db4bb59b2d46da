"""Update rules, one family a file: from the gradient, the update."""
