"""Global fits: best fit, profile likelihoods with intervals, posterior and evidence, from scans or from nothing."""
