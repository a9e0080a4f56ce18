"""The engine: sessions of a scan, the loop from ask to tell, islands, checkpoints, replay, and the supervisor."""
