"""Parallelism over MPI ranks: connection, exchanges, heartbeats, and leaving together."""
