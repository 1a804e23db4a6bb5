"""Extent of disease: size, grade, receptors, historic stage."""
