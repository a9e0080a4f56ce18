"""Samplers that learn the observables and choose the points that teach most."""
