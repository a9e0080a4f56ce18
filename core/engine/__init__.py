"""A scan: the loop from ask to tell, its islands, what it keeps to go on, and who watches over it."""
