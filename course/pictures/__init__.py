"""The lessons' figures, one module for each topic; each function returns a figure and its alt text."""
