"""From text to checked keys: strict YAML, diagnostics with places, constraint files. Knows no plugin."""
