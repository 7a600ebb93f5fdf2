"""One run: a file for each stage, and what the stages share."""
