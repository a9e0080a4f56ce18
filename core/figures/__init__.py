"""What all figures share: style, axes, panels, curves, scatter plots, histograms, bars; saved as SVG or PDF.

Functions take data and the matplotlib axes (`ax`) to draw on. What they show is the business of the rooms above.
"""
