"""Scores as one page that needs nothing else: styles, plots and pictures are inside."""
