"""Twelve materials that are drawn by formula: periodic, with height and roughness that are true, not estimated."""
