"""The operating system: disk, signals, processes, environments, amounts with a unit."""
