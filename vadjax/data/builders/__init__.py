"""Builders: one module a data set, each with `load(dataset_config, cache_dir)`."""
