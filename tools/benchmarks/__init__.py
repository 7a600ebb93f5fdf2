"""Benchmark suites: each module holds `CASES`, name -> {side: setup}.

`setup()` prepares one side in a process of its own and returns `sample() -> units per second`.
"""
