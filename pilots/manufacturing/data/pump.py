"""A centrifugal process pump that wears: physics in, daily readings out. The teaching sample is made with it.

One row is the mean of one running day. The pump is end-suction, 30 kW, variable speed, about 120 m3/h at 50 m.
Numbers without a source are assumptions of a plausible size, chosen by the authors.

Load     Three set-points of speed and valve, held for a few days each. The operating point is where the pump's head
         curve, moved by the affinity laws (Q ~ n, H ~ n^2, P ~ n^3), meets the pipe's resistance: J. F. Gülich,
         "Centrifugal Pumps", chapters 1 to 4.
Wear     Two competing modes. Nothing shows until a random onset; then damage grows as (worked days / D)^p and the
         pump fails at 1, in the spirit of A. Saxena et al., PHM08 (C-MAPSS). A hard day wears more:
         bearing   life ~ load^-3 (ISO 281, ball bearings)
         impeller  cavitation erosion ~ velocity^6 (exponents of 5 to 7 are reported; Gülich, chapter 6)
         Day-to-day scatter is a gamma process (J. M. van Noortwijk, Rel. Eng. Sys. Safety 94, 2009).
Symptoms bearing   first the acceleration envelope, then vibration velocity, last the housing temperature
         impeller  first ultrasound, then head, flow and efficiency (the motor current follows)
         Vibration at a bearing failure is 5 to 8 mm/s, around the start of zone D of ISO 10816-7.

Axes: L lives, T days.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MODES = ("bearing", "impeller")
SYMPTOMS = {  # channels in which each mode shows, strongest first
    "bearing": ("envelope", "vibration", "bearing_temperature"),
    "impeller": ("ultrasound", "discharge_pressure", "flow", "motor_current"),
}

# set-points: speed [rpm], valve [% open], share of the time
SPEED, VALVE, SHARE = np.array([2350.0, 2650.0, 2900.0]), np.array([55.0, 75.0, 90.0]), np.array([0.30, 0.45, 0.25])
DWELL = 7.0  # days at one set-point, on average
HARDNESS = {  # wear of one day at each set-point; the mean over SHARE is 1
    "bearing": np.array([0.70, 1.00, 1.36]),  # radial load ~ pressure ~ n^2, cubed, softened by better flow angles
    "impeller": np.array([0.45, 0.95, 1.75]),  # (n / n0)^6
}
ONSET = {"bearing": 140.0, "impeller": 105.0}  # days, scale of a Weibull law with shape 2
SPARED = 5.0  # a pump is prone to one mode (by alignment and grease, or by its feed); the other begins this much later
GROWTH = {"bearing": 125.0, "impeller": 140.0}  # D: worked days from onset to failure, median of a lognormal law

RATED_SPEED, RATED_FLOW, SHUTOFF_HEAD, RATED_HEAD = 2900.0, 120.0, 62.0, 50.0  # rpm, m3/h, m, m
STATIC_HEAD, PIPE, VALVE_LOSS = 12.0, 1.6e-3, 0.84e-3  # m; m per (m3/h)^2; the same at a fully open valve
BAR_PER_M = 0.0981
KW_PER_AMP = 0.548  # 400 V, three phases, power factor 0.86, motor efficiency 0.92


@dataclass
class Wear:
    """What the simulator knows and a maintenance team does not.

    regime_LT  set-point of each day, 0..2
    damage_LT  per mode, 0 = as new, 1 = failed
    fails_L    day of failure, counted from 0; days of the table where nothing failed within it
    mode_L     the mode that fails first, as a place in MODES
    """

    regime_LT: np.ndarray
    damage_LT: dict[str, np.ndarray]
    fails_L: np.ndarray
    mode_L: np.ndarray


@dataclass
class Fate:
    """What each pump is given with one mode of wear: how it ages is settled, but not under which load.

    onset_L, growth_L  worked days until damage begins, and from there to failure
    power_L            shape of the growth
    scatter_LT         how much more or less than its hardness a day wears
    """

    onset_L: np.ndarray
    growth_L: np.ndarray
    power_L: np.ndarray
    scatter_LT: np.ndarray

    def damage(self, hardness_LT: np.ndarray) -> np.ndarray:
        """Damage of each day under days of this hardness, 0 = as new; 1 and more = failed."""
        since_LT = np.maximum(np.cumsum(hardness_LT * self.scatter_LT, axis=1) - self.onset_L[:, None], 0)
        return (since_LT / self.growth_L[:, None]) ** self.power_L[:, None]


def fates(lives: int, days: int, rng: np.random.Generator) -> tuple[np.ndarray, dict[str, Fate]]:
    """The switching load that the pumps will see, and each one's fate in each mode."""
    regime_LT = _switching_load(lives, days, rng)
    prone_L = rng.integers(0, len(MODES), lives)
    fate = {}
    for m, mode in enumerate(MODES):
        onset_L = ONSET[mode] * rng.weibull(2.0, lives) * np.where(prone_L == m, 1.0, SPARED)
        growth_L = GROWTH[mode] * np.exp(0.16 * rng.standard_normal(lives))
        power_L = 1.6 * np.exp(0.1 * rng.standard_normal(lives))
        fate[mode] = Fate(onset_L, growth_L, power_L, rng.gamma(6.0, 1 / 6.0, (lives, days)))
    return regime_LT, fate


def wear(lives: int, days: int, rng: np.random.Generator) -> Wear:
    """Let pumps age under switching load."""
    return aged(*fates(lives, days, rng))


def aged(regime_LT: np.ndarray, fate: dict[str, Fate]) -> Wear:
    """What becomes of pumps with this fate under these set-points."""
    days = regime_LT.shape[1]
    damage_LT = {mode: fate[mode].damage(HARDNESS[mode][regime_LT]) for mode in MODES}
    fails_ML = np.stack([np.where(d[:, -1] >= 1, np.argmax(d >= 1, axis=1), days) for d in damage_LT.values()])
    capped = {mode: np.minimum(d, 1.0) for mode, d in damage_LT.items()}
    return Wear(regime_LT, capped, fails_ML.min(axis=0), fails_ML.argmin(axis=0))


def hardness(mode: str, speed: np.ndarray) -> np.ndarray:
    """Wear of a day at any speed, rpm: a power law between the set-points, and beyond them the outer one goes on."""
    at, wears = np.log(SPEED), np.log(HARDNESS[mode])
    part = np.clip(np.searchsorted(at, np.log(speed)) - 1, 0, len(at) - 2)
    slope = (np.diff(wears) / np.diff(at))[part]
    return np.exp(wears[part] + slope * (np.log(speed) - at[part]))


def readings(worn: Wear, day_LT: np.ndarray, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """True physics with the noise of a good industrial sensor; `day_LT` counts days from early January, for the season.

    Every pump differs a little from the next: trim, foundation, sensor offset. Returns channel name -> LT.
    """
    lives, days = worn.regime_LT.shape
    bearing, impeller = (worn.damage_LT[mode] for mode in MODES)

    def noise(size: float) -> np.ndarray:
        return size * rng.standard_normal((lives, days))

    def per_pump(size: float) -> np.ndarray:
        return size * rng.standard_normal((lives, 1))

    speed = SPEED[worn.regime_LT] + noise(6)
    valve = np.clip(VALVE[worn.regime_LT] + noise(0.8), 0, 100)
    s = speed / RATED_SPEED  # affinity ratio
    shutoff = s**2 * SHUTOFF_HEAD * (1 + per_pump(0.02)) * (1 - 0.13 * impeller)
    droop = (SHUTOFF_HEAD - RATED_HEAD) / RATED_FLOW**2 * (1 + 0.5 * impeller)
    resistance = PIPE * (1 + per_pump(0.03)) + VALVE_LOSS / (valve / 100) ** 2
    flow = np.sqrt((shutoff - STATIC_HEAD) / (droop + resistance))
    head = shutoff - droop * flow**2
    off_best = flow / (RATED_FLOW * s) - 1  # relative distance from the best efficiency point
    efficiency = (0.74 + per_pump(0.01)) * (1 - 0.8 * off_best**2) * (1 - 0.12 * impeller)
    shaft_kw = 9.81 * (flow / 3600) * head / efficiency * (1 + 0.02 * bearing)
    current = 4.0 + shaft_kw / KW_PER_AMP  # 4 A feed the drive and the fan

    season = 18 - 9 * np.cos(2 * np.pi * (day_LT - 20) / 365.25)  # warm pump house, coldest on 20 January
    ambient = season + per_pump(1.5) + _slow(lives, days, 2.5, 0.8, rng)
    suction = 1.6 + per_pump(0.05) + _slow(lives, days, 0.12, 0.9, rng)  # level of the feed tank
    vibration_new = 1.5 * (1 + per_pump(0.12)) * s**2 * (1 + 1.5 * off_best**2)
    envelope_new = 0.9 * np.exp(per_pump(0.18)) * s**2

    return {
        "speed": speed,
        "valve": valve,
        "flow": flow * (1 + noise(0.012)),
        "suction_pressure": suction + noise(0.01),
        "discharge_pressure": suction + BAR_PER_M * head * (1 + per_pump(0.004)) + noise(0.04),
        "motor_current": current * (1 + per_pump(0.01) + noise(0.012)),
        # copper loss ~ I^2; this sensor's zero wanders on its own, whatever the wear
        "winding_temperature": ambient + 60 * (current / 45) ** 2 + noise(1.2) + _drift(lives, days, rng),
        "bearing_temperature": ambient + 34 * s + per_pump(1.5) + 22 * bearing**2.5 + noise(0.9),
        "vibration": np.hypot(vibration_new, 6.2 * s * bearing**1.4 + 0.9 * impeller) * np.exp(noise(0.07)),
        "envelope": envelope_new * (1 + 5.5 * bearing) * np.exp(noise(0.16)),
        "ultrasound": 34 + per_pump(1.2) + 42 * (s - 0.9) + 15 * impeller**0.8 + 2 * bearing + noise(1.3),
        "ambient_temperature": ambient + noise(0.3),
    }


def standstill(rows: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """A pump that waits for its repair: nothing turns, everything has the temperature of the house."""
    ambient = 18 + 2 * rng.standard_normal(rows)
    zero, near = np.zeros(rows), np.abs(rng.standard_normal(rows))
    warm = {name: ambient + 0.3 * rng.standard_normal(rows) for name in _THERMOMETERS}
    return {
        "speed": zero,
        "valve": zero,
        "flow": zero,
        "suction_pressure": 1.6 + 0.1 * rng.standard_normal(rows),
        "discharge_pressure": 1.6 + 0.1 * rng.standard_normal(rows),
        "motor_current": zero,
        "vibration": 0.05 * near,
        "envelope": 0.02 * near,
        "ultrasound": 12 + near,
        **warm,
    }


_THERMOMETERS = ("winding_temperature", "bearing_temperature", "ambient_temperature")


def _switching_load(lives: int, days: int, rng: np.random.Generator) -> np.ndarray:
    """A set-point is left with chance 1 / DWELL a day; the next one is drawn by SHARE."""
    drawn_LT = rng.choice(len(SHARE), p=SHARE, size=(lives, days))
    switch_LT = rng.random((lives, days)) < 1 / DWELL
    switch_LT[:, 0] = True
    since_LT = np.maximum.accumulate(np.where(switch_LT, np.arange(days), 0), axis=1)
    return np.take_along_axis(drawn_LT, since_LT, axis=1)


def _slow(lives: int, days: int, size: float, memory: float, rng: np.random.Generator) -> np.ndarray:
    """Weather or tank level: today is `memory` of yesterday plus something new; spread `size`."""
    x_LT = size * rng.standard_normal((lives, days))
    for day in range(1, days):
        x_LT[:, day] = memory * x_LT[:, day - 1] + np.sqrt(1 - memory**2) * x_LT[:, day]
    return x_LT


def _drift(lives: int, days: int, rng: np.random.Generator) -> np.ndarray:
    """A zero that creeps up on one pump and down on the next, °C; as large as the signal of a worn pump."""
    slope_L1 = 0.03 * rng.standard_normal((lives, 1))
    return slope_L1 * np.arange(days) + np.cumsum(0.15 * rng.standard_normal((lives, days)), axis=1)
