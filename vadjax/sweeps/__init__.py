"""Many runs from one config: lists of runs, searches, and where they are executed.

`plan` reads the runs and groups those that share shapes, `group` trains a group as one population,
`complete` scores and evaluates each run of it, and `folder` does this for all groups that are
pending, so that a sweep that was killed can be resumed. Each run leaves an ordinary workdir.
"""
