"""How smoothing and components of the anomaly detector were chosen for SKAB, without one label."""
