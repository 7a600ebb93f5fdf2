"""Video -> arrays in the store."""
