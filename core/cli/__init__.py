"""The command line: every word that is printed, and nothing that computes."""
