"""Plugins that come with terranova; each folder is one entry point, like any plugin from elsewhere."""
