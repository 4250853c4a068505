"""From out-of-fold predictions to figures with intervals. NumPy only; SciPy is imported where it is used.

reasons/ asks of maps what they are worth, through what a model answers and shows.
"""
