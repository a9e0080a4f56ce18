"""Physics models shipped with terranova; each subpackage is a plugin of its own."""
