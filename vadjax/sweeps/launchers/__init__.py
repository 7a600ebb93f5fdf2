"""Launchers execute the jobs of a sweep: in this process, on a Ray cluster, or with SLURM."""
