"""Text for people: lists in words, names that can be printed, cells that are no formulas."""
