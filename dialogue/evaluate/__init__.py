"""Measures the dialogue on data that nobody here wrote. ``python -m dialogue.evaluate --help``."""
