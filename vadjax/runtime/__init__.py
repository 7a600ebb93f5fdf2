"""What a run is made on: devices, processes and the console."""
