"""What tests share: toy plugins, reference data, ways to start scans and to look at what they leave."""
