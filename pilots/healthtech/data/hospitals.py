"""Three simulated hospitals over three years: hourly arrivals, admissions, and one month of stays.

The model. Arrivals of site s in hour t are Poisson with rate

    level_s · trend · hour of the week · season · day · flu · shock · drift_s · luck_s

    trend    +2 % a year
    hour     a profile of 24 hours, one for working days and one for weekends and bank holidays; a weekday factor
    season   one yearly wave, ±3 %, highest in May
    day      bank holiday, the day after, Christmas Day and the first hours of the new year; school holidays -5 %
    flu      one bell per winter: centre between 10 December and 5 February, +8 to +20 %, standard deviation 12 to
             20 days
    shock    from 2 May 2023 arrivals are 35 % lower for four weeks and come back over the next ten
    drift    log-normal, AR(1) from day to day with a half-life of 14 days, standard deviation 3 %, a site each
    luck     gamma with mean 1 and standard deviation 5 %, one draw per site and day

Given the drift, an hour's count is therefore negative binomial with size 400, and the hours of a day share their luck:
a day's total spreads more than 24 independent hours would. Each arrival is admitted with a probability of 0.22 to 0.30
by site, more in flu waves and at night (binomial). Hours are lived in real time and written as the wall clock shows
them: the hour that spring leaves out is absent, the hour that autumn repeats holds both. One site's system is down for
35 hours in the last summer: those rows are absent.

Stays: every arrival of one month at one site, with a log-normal time in the emergency department (median 2.4 hours, 5.5
if admitted), and for the admitted a log-normal stay on one ward.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import holidays
import numpy as np
import pandas as pd

SEED = 20260101
FIRST, LAST = date(2023, 1, 1), date(2025, 12, 31)
SITES = ("north", "central", "south")
TRUST = {"north": "riverside", "central": "riverside", "south": "hillside"}
LEVEL = np.array([8.0, 15.0, 5.0])  # arrivals an hour, mean over a week
ADMITTED = np.array([0.26, 0.30, 0.22])
DRIFT_SD, HALF_LIFE = 0.03, 14.0  # of the log level; days
LUCK_SIZE = 400.0  # gamma shape: standard deviation 1 / sqrt(400) = 5 %
DOWN = ("south", "2025-07-14T06", "2025-07-15T17")  # first hour that is lost, first that is there again
STAYS = ("central", "2025-01")

WORKING = [
    4.2,
    3.3,
    2.7,
    2.3,
    2.1,
    2.2,
    2.8,
    4.0,
    6.2,
    8.6,
    9.6,
    9.5,
    9.0,
    8.7,
    8.6,
    8.6,
    8.7,
    8.8,
    8.9,
    8.6,
    7.8,
    6.8,
    6.0,
    5.1,
]
RESTING = [
    5.6,
    4.8,
    4.2,
    3.7,
    3.2,
    2.7,
    2.7,
    3.3,
    5.0,
    7.4,
    9.2,
    9.8,
    9.6,
    9.2,
    9.0,
    8.8,
    8.6,
    8.5,
    8.3,
    7.9,
    7.2,
    6.5,
    5.8,
    5.1,
]
WEEKDAY = [1.10, 1.02, 0.99, 0.98, 0.97, 0.96, 0.98]  # Monday first
# month and day of the first and last day without school, in every year
SCHOOL = [("01-01", "01-04"), ("02-12", "02-18"), ("04-01", "04-14"), ("05-27", "06-02"), ("07-23", "08-31")]
SCHOOL += [("10-23", "10-29"), ("12-21", "12-31")]
WARDS = {  # share of the admitted, median stay in days, standard deviation of its logarithm
    "assessment": (0.46, 0.8, 0.7),
    "medical": (0.30, 5.0, 0.9),
    "surgical": (0.14, 3.0, 0.8),
    "children": (0.07, 1.2, 0.7),
    "critical care": (0.03, 3.5, 0.9),
}


@dataclass(frozen=True)
class History:
    """hours: a row per site and hour (time, site, trust, arrivals, admissions); stays: arrival, departure, ward;
    rate: as `hours`, what was expected before luck and Poisson, which no file tells."""

    hours: pd.DataFrame
    stays: pd.DataFrame
    rate: np.ndarray


def simulate(seed: int = SEED) -> History:
    rng = np.random.default_rng(seed)
    end = LAST + timedelta(1)
    clock = pd.date_range(str(FIRST), str(end), freq="h", inclusive="left", tz="Europe/London").tz_localize(None)
    wall_T = clock.to_numpy()
    day_T = wall_T.astype("datetime64[D]")
    day_T = (day_T - day_T[0]).astype(int)
    flu_D = _flu(rng)
    rate_ST = LEVEL[:, None] * _common(wall_T, day_T) * (1 + flu_D)[day_T] * _drift(rng)[:, day_T]
    luck_ST = rng.gamma(LUCK_SIZE, 1 / LUCK_SIZE, (len(SITES), day_T[-1] + 1))[:, day_T]
    arrivals_ST = rng.poisson(rate_ST * luck_ST)
    night_T = np.isin(clock.hour, range(7))
    share_ST = ADMITTED[:, None] * (1 + 0.8 * flu_D[day_T]) * np.where(night_T, 1.15, 1.0)
    admissions_ST = rng.binomial(arrivals_ST, np.minimum(share_ST, 1))
    hours = pd.DataFrame(
        {
            "time": np.tile(wall_T, len(SITES)),
            "site": np.repeat(SITES, len(wall_T)),
            "arrivals": arrivals_ST.ravel(),
            "admissions": admissions_ST.ravel(),
            "rate": rate_ST.ravel(),
        }
    )
    hours = hours.groupby(["time", "site"], as_index=False, sort=False).sum()  # the hour that is lived twice
    stays = _stays(hours, rng)
    down = (hours["site"] == DOWN[0]) & hours["time"].between(*pd.to_datetime(DOWN[1:]), inclusive="left")
    hours = hours[~down].sort_values(["time", "site"], ignore_index=True)
    hours.insert(2, "trust", hours["site"].map(TRUST))
    return History(hours.drop(columns="rate"), stays, hours["rate"].to_numpy())


def _common(wall_T: np.ndarray, day_T: np.ndarray) -> np.ndarray:
    """What all sites share and a calendar tells: hour, weekday, season, holidays, trend, shock."""
    days = [FIRST + timedelta(int(d)) for d in range(day_T[-1] + 1)]
    bank = holidays.country_holidays("GB", subdiv="England", years=range(FIRST.year, LAST.year + 1))
    is_bank_D = np.array([day in bank for day in days])
    rests_D = np.array([day.weekday() >= 5 for day in days]) | is_bank_D
    factor_D = np.array([WEEKDAY[day.weekday()] for day in days])
    factor_D[is_bank_D] = 0.97
    factor_D[1:][is_bank_D[:-1] & ~rests_D[1:]] *= 1.06
    year_D = np.array([(day.timetuple().tm_yday - 1) / 365.25 for day in days])
    factor_D *= 1 + 0.03 * np.cos(2 * np.pi * (year_D - 0.37))
    factor_D *= [0.95 if any(a <= f"{day:%m-%d}" <= b for a, b in SCHOOL) else 1.0 for day in days]
    factor_D *= [0.72 if (day.month, day.day) == (12, 25) else 1.0 for day in days]
    factor_D *= 1.02 ** (np.arange(len(days)) / 365.25)
    after_D = np.array([(day - date(2023, 5, 2)).days for day in days])
    factor_D *= np.where(after_D < 0, 1.0, 1 - 0.35 * np.clip(1 - (after_D - 28) / 70, 0, 1))
    profile = np.stack([np.array(WORKING) / np.mean(WORKING), np.array(RESTING) / np.mean(RESTING)])
    hour_T = (wall_T - wall_T.astype("datetime64[D]")).astype("timedelta64[h]").astype(int)
    rate_T = factor_D[day_T] * profile[rests_D.astype(int)[day_T], hour_T]
    new_year_D = np.array([(day.month, day.day) == (1, 1) for day in days])
    return rate_T * np.where(new_year_D[day_T] & (hour_T < 6), 1.6, 1.0)


def _flu(rng: np.random.Generator) -> np.ndarray:
    """Share added by the flu waves, a value per day; the first winter began before the first day."""
    day_D = np.arange((LAST - FIRST).days + 1)
    added_D = np.zeros(len(day_D))
    for year in range(FIRST.year - 1, LAST.year + 1):
        centre = (date(year, 12, 10) - FIRST).days + rng.uniform(0, 57)
        added_D += rng.uniform(0.08, 0.20) * np.exp(-0.5 * ((day_D - centre) / rng.uniform(12, 20)) ** 2)
    return added_D


def _drift(rng: np.random.Generator) -> np.ndarray:
    """[S, D] level of each site around its mean."""
    keep = 0.5 ** (1 / HALF_LIFE)
    step_SD = rng.normal(0, DRIFT_SD, (len(SITES), (LAST - FIRST).days + 1))
    step_SD[:, 1:] *= np.sqrt(1 - keep**2)
    log_SD = step_SD.copy()
    for day in range(1, log_SD.shape[1]):
        log_SD[:, day] += keep * log_SD[:, day - 1]
    return np.exp(log_SD)


def _stays(hours: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """arrival, departure, ward: a row in the emergency department for every arrival, another for who is admitted."""
    site, month = STAYS
    seen = hours[(hours["site"] == site) & (hours["time"].dt.strftime("%Y-%m") == month)]
    rank = np.concatenate([np.arange(n) for n in seen["arrivals"]])
    admitted = rank < np.repeat(seen["admissions"], seen["arrivals"]).to_numpy()
    minute = rng.integers(0, 60, len(rank))
    arrival = np.repeat(seen["time"].to_numpy(), seen["arrivals"]) + minute.astype("timedelta64[m]")
    leaves = arrival + _minutes(np.where(admitted, 5.5, 2.4) * 60, 0.6, rng)
    share, median, spread = np.array(list(WARDS.values())).T
    ward = rng.choice(len(WARDS), admitted.sum(), p=share)
    departs = leaves[admitted] + _minutes(median[ward] * 1440, spread[ward], rng)
    emergency = pd.DataFrame({"arrival": arrival, "departure": leaves, "ward": "emergency"})
    wards = pd.DataFrame({"arrival": leaves[admitted], "departure": departs, "ward": np.array(list(WARDS))[ward]})
    return pd.concat([emergency, wards]).sort_values(["arrival", "departure", "ward"], ignore_index=True)


def _minutes(median: np.ndarray, spread: np.ndarray | float, rng: np.random.Generator) -> np.ndarray:
    return np.ceil(median * np.exp(spread * rng.standard_normal(len(median)))).astype("timedelta64[m]")
