"""Arrays to variables: whole epochs in one compiled call."""
