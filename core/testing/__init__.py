"""For tests of plugins and of what stores points: put faults where they hurt, and look at what is left.

Nothing of terranova imports this package.
"""
