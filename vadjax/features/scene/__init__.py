"""What moves before a fixed camera: background, size of bodies, motion by place, windows."""
