"""What tools/kill.py kills, and how it compares what is left."""
