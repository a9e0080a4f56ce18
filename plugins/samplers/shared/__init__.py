"""What several samplers use: losses, archives, starting points, progress."""
