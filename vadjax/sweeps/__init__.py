"""Many runs from one config: what differs, what they share, and where they run.

`plan` groups runs that share shapes, `group` trains a group as one population and leaves of each
run an ordinary workdir, `local` goes through the groups; a sweep that was killed goes on.
"""
