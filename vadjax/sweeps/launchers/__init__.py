"""Who does the work of a sweep: this process, a Ray cluster, or SLURM."""
