"""Benchmark suites: each module holds `CASES`, name -> {side: setup}.

`setup()` prepares one side in its own process and returns `sample() -> units per second`.
"""
