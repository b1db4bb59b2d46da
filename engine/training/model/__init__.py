"""The model: parameters, forward and backward pass, loss."""
