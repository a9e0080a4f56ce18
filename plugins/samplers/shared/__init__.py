"""What several samplers use: losses, archives, starting points, progress, linear algebra, checks of options."""
