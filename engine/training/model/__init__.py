"""What is trained: parameters, forward and backward pass, loss."""
