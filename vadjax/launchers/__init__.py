"""Launchers execute jobs in other processes: on a Ray cluster, or as SLURM arrays."""
