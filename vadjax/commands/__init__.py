"""The verbs of the console script `vadjax`, one module each; its docstring is the help screen."""

VERBS = (
    *("train", "extract", "detect", "tune", "robustness", "transfer", "sweep", "compare"),
    *("watch", "review"),
    *("inspect", "export", "export-features", "list"),
)
