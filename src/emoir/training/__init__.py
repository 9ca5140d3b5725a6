"""Labels and pixels to trained weights, and trained weights to a model folder."""
