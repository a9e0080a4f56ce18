"""The kit of which every HTML page is made: one head, one style, sections, figures, axes."""
