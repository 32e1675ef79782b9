"""What a logger may write instead of the unit that was agreed. Both sides of the bundle read this."""

# Our unit: their unit, and how to get back: ours = factor * theirs + offset.
# Exact by definition (ISO 80000); psi, in and lb from the international pound and inch.
OTHER_UNITS: dict[str, dict[str, tuple[float, float]]] = {
    "°C": {"K": (1.0, -273.15), "°F": (5 / 9, -160 / 9)},
    "K": {"°C": (1.0, 273.15), "°F": (5 / 9, 459.67 * 5 / 9)},
    "°R": {"°C": (1.8, 491.67), "°F": (1.0, 459.67), "K": (1.8, 0.0)},
    "mm/s": {"m/s": (1000.0, 0.0), "in/s": (25.4, 0.0), "µm/s": (0.001, 0.0)},
    "bar": {"kPa": (0.01, 0.0), "Pa": (1e-5, 0.0), "MPa": (10.0, 0.0), "psi": (0.0689476, 0.0), "mbar": (0.001, 0.0)},
    "kPa": {"bar": (100.0, 0.0), "Pa": (0.001, 0.0), "psi": (6.89476, 0.0)},
    "psia": {"bar": (14.5038, 0.0), "kPa": (0.145038, 0.0)},
    "m³/h": {"l/min": (0.06, 0.0), "l/s": (3.6, 0.0), "m³/s": (3600.0, 0.0)},
    "lbm/s": {"kg/s": (2.20462, 0.0)},
    "A": {"mA": (0.001, 0.0)},
    "kW": {"W": (0.001, 0.0)},
    "rpm": {"1/s": (60.0, 0.0)},
    "%": {"a share from 0 to 1": (100.0, 0.0)},
}
