"""Everything that must survive kill -9."""
