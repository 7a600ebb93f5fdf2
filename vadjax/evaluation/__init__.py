"""Scores and truth -> metrics: plain numbers, each defined in docs/protocols.md.

`evaluate.evaluate` assembles metrics.json, `schema.validate` checks it.
"""
