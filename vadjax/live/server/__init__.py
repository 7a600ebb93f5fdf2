"""The page of a watch by HTTP: what is seen now, events, zones, health."""

from vadjax.live.server.serve import Server

__all__ = ["Server"]
