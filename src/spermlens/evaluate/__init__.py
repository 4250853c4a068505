"""From out-of-fold predictions to figures with intervals. NumPy only; SciPy is imported where it is used."""
