"""Accuracy on labelled folders (`folders`), without the true family (`open_set`), and experiment files
(`experiment`)."""
