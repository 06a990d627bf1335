"""What comes back from a call: unwrapped, attributed, cut and rendered."""
