"""vadjax: video anomaly detection in JAX, honestly evaluated."""

__version__ = "0.1.0"
