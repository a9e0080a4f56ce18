"""What plugins subclass, and the records that pass between them and the engine."""
