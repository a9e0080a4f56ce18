"""interfaces: say in a line what lives here."""
