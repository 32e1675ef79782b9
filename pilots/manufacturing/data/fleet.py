"""The history of the simulated fleet: which pump starts when, how each life ends, what the logger lost.

Everything is drawn from one seed and rounded once, to what the instrument shows; the files hold exactly these numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pilots.manufacturing.data import pump

SEED = 20260101
DAYS = 420  # simulated per life, before it is cut to its end
AGAIN = 4  # times the simulated days are lived through where a life goes on under a gentler load
LIFE = (100, 365)  # days; pumps that fail earlier (warranty) or later (outlive the study) are not in this fleet
# plan of the fleet, in lives
FAILED, MENDED, REPLACED, RUNNING, TEST = 90, 16, 12, 8, 50
FIRST_DAY = np.datetime64("2022-01-03")

DECIMALS = {  # what each instrument shows
    "speed": 0,
    "valve": 0,
    "flow": 1,
    "suction_pressure": 2,
    "discharge_pressure": 2,
    "motor_current": 1,
    "winding_temperature": 1,
    "bearing_temperature": 1,
    "vibration": 2,
    "envelope": 2,
    "ultrasound": 1,
    "ambient_temperature": 1,
}
SETTINGS = ("speed", "valve")  # from the drive's own memory: never missing


def simulate(seed: int = SEED) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """readings (machine, time, channels), events (machine, time, event) and truth, in the order of the files."""
    rng = np.random.default_rng(seed)
    plan = _plan(rng)
    wanted = len(plan)
    worn = pump.wear(2 * wanted, DAYS, rng)
    fit = _of_wanted_length(worn, wanted)
    worn = pump.Wear(
        worn.regime_LT[fit], {k: d[fit] for k, d in worn.damage_LT.items()}, worn.fails_L[fit], worn.mode_L[fit]
    )
    plan["subsystem"] = np.array(pump.MODES)[worn.mode_L]
    plan["life_days"] = worn.fails_L + 1
    plan["days"] = _days_seen(plan, rng)
    plan["rows_left"] = plan["life_days"] - plan["days"]
    plan["first_day"] = _first_days(plan, rng)
    last_L = np.arange(wanted), plan["days"].to_numpy() - 1
    for mode, damage_LT in worn.damage_LT.items():
        plan[f"{mode}_damage"] = damage_LT[last_L].round(2)
    x = pump.readings(worn, plan["first_day"].to_numpy()[:, None] + np.arange(DAYS), rng)
    seen_LT = np.arange(DAYS) < plan["days"].to_numpy()[:, None]
    life_R, day_R = np.nonzero(seen_LT)
    table = pd.DataFrame({name: x_LT[seen_LT] for name, x_LT in x.items()})
    table.insert(0, "machine", plan["machine"].to_numpy()[life_R])
    table.insert(1, "time", plan["first_day"].to_numpy()[life_R] + day_R)
    table = _lose_some(table, rng)
    table = pd.concat([table, _downtime(plan, rng)]).sort_values(["machine", "time"], kind="stable", ignore_index=True)
    table["time"] = FIRST_DAY + table["time"].to_numpy().astype("timedelta64[D]")
    for name, decimals in DECIMALS.items():
        table[name] = table[name].round(decimals) + 0.0  # + 0.0: no minus zero
    truth = plan.sort_values(["machine", "life"], ignore_index=True)
    told = ["machine", "life", "test", "days", "end", "rows_left", "subsystem", *(f"{m}_damage" for m in pump.MODES)]
    return table, _events(plan), truth[told]


def days_left(seed: int, seen_L: np.ndarray, moved: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """How many days each life of `simulate(seed)` truly has after its first `seen_L`, if each later day's speed, rpm,
    is `moved`: the same pump, the same days to come, another load. Lives are in the order of the truth.

    After the simulated days the same days come again.
    """
    rng = np.random.default_rng(seed)
    plan = _plan(rng)
    regime_LT, fate = pump.fates(2 * len(plan), DAYS, rng)
    fit = _of_wanted_length(pump.aged(regime_LT, fate), len(plan))
    order = fit[plan.sort_values(["machine", "life"]).index.to_numpy()]
    speed_LT = np.tile(pump.SPEED[regime_LT[order]], AGAIN)
    later_LT = np.arange(speed_LT.shape[1]) >= np.asarray(seen_L)[:, None]
    fails_ML = []
    for mode, one in fate.items():
        same = pump.Fate(
            one.onset_L[order], one.growth_L[order], one.power_L[order], np.tile(one.scatter_LT[order], AGAIN)
        )
        damage_LT = same.damage(pump.hardness(mode, np.where(later_LT, moved(speed_LT), speed_LT)))
        fails_ML.append(np.where(damage_LT[:, -1] >= 1, np.argmax(damage_LT >= 1, axis=1), damage_LT.shape[1]))
    return np.min(fails_ML, axis=0) + 1 - seen_L


def _of_wanted_length(worn: pump.Wear, wanted: int) -> np.ndarray:
    fit = np.flatnonzero((worn.fails_L >= LIFE[0]) & (worn.fails_L < LIFE[1]))[:wanted]
    if len(fit) < wanted:
        raise ValueError("too few lives of the wanted length: simulate more than twice as many as are kept")
    return fit


def _plan(rng: np.random.Generator) -> pd.DataFrame:
    """One line per life. Pump numbers are shuffled, so that they tell nothing."""
    first = ["failed"] * FAILED + ["replaced"] * REPLACED + ["running"] * RUNNING + ["test"] * TEST
    number = 1 + rng.permutation(len(first))
    again = ["failed", "replaced", "running", "running"] * (MENDED // 4)  # what became of pumps that were mended
    plan = pd.DataFrame(
        {
            "machine": [f"P{n:03d}" for n in [*number, *number[:MENDED]]],
            "life": [1] * len(first) + [2] * MENDED,
            "end": first + again,
        }
    )
    plan["test"] = (plan["end"] == "test").astype(int)
    plan["end"] = plan["end"].replace("test", "running")
    return plan


def _days_seen(plan: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Failed lives are seen to the end; others stop somewhere between a fifth and nearly all of their life."""
    share = np.where(plan["end"] == "replaced", rng.uniform(0.55, 0.95, len(plan)), rng.uniform(0.2, 0.97, len(plan)))
    return np.where(plan["end"] == "failed", plan["life_days"], np.ceil(share * plan["life_days"])).astype(int)


def _first_days(plan: pd.DataFrame, rng: np.random.Generator) -> np.ndarray:
    """Days since FIRST_DAY. A second life begins after the repair, which took 2 to 12 days."""
    first = rng.integers(0, 365, len(plan))
    repair = rng.integers(2, 13, len(plan))
    for second in np.flatnonzero(plan["life"] == 2):
        before = plan.index[(plan["machine"] == plan["machine"][second]) & (plan["life"] == 1)][0]
        first[second] = first[before] + plan["days"][before] + repair[second]
    return first


def _downtime(plan: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """The logger runs on while a failed pump waits: from the day after the failure to the day of its repair."""
    parts = []
    for _, second in plan[plan["life"] == 2].iterrows():
        before = plan[(plan["machine"] == second["machine"]) & (plan["life"] == 1)].iloc[0]
        days = np.arange(before["first_day"] + before["days"], second["first_day"])
        parts.append(pd.DataFrame({"machine": second["machine"], "time": days, **pump.standstill(len(days), rng)}))
    return pd.concat(parts)


def _events(plan: pd.DataFrame) -> pd.DataFrame:
    """What the maintenance book says: the end of every life that ended, and the repairs."""
    over = plan[plan["end"].isin(["failed", "replaced"])]
    ends = pd.DataFrame(
        {"machine": over["machine"], "time": over["first_day"] + over["days"] - 1, "event": over["end"]}
    )
    second = plan[plan["life"] == 2]
    mended = pd.DataFrame({"machine": second["machine"], "time": second["first_day"] - 1, "event": "repaired"})
    events = pd.concat([ends, mended]).sort_values(["time", "machine"], ignore_index=True)
    events["time"] = FIRST_DAY + events["time"].to_numpy().astype("timedelta64[D]")
    return events


def _lose_some(table: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """About 2 % of sensor readings are missing: half of them one by one, half in bursts of about five days."""
    sensors = [name for name in DECIMALS if name not in SETTINGS]
    shape = (len(table), len(sensors))
    lost_RF = rng.random(shape) < 0.01
    burst_RF = rng.random(shape) < 0.01 / 5
    last_RF = np.where(burst_RF, np.arange(len(table))[:, None] + rng.geometric(1 / 5, shape), 0)
    lost_RF |= np.arange(len(table))[:, None] < np.maximum.accumulate(last_RF, axis=0)
    table[sensors] = table[sensors].mask(lost_RF)
    return table
