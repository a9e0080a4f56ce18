"""Interfaces of plugins, and the records that pass between them and the engine."""
