"""A study: a list of trainings done piece by piece, and the tables that follow from what they committed."""
