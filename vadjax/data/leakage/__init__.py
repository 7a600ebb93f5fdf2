"""The leakage audit: what fits and clips have in common with the test side."""
