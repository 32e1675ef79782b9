"""Whatever a file holds: counts come out as they went in, or a sentence says why not."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from common.fault import Fault
from pilots.healthtech.data.csv import CsvCounts

STEPS = {"h": ("h", 336), "D": ("D", 14), "MS": ("MS", 24)}


def read(text: str, **words):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.csv"
        path.write_text(text, encoding="utf-8")
        return CsvCounts(str(path), **words).read()


@settings(max_examples=25, deadline=None)
@given(
    freq=st.sampled_from(sorted(STEPS)),
    first=st.datetimes(min_value=pd.Timestamp("1995-01-01"), max_value=pd.Timestamp("2045-01-01")),
    sites=st.lists(st.text("abcdefghijklmnop QRST'é&", min_size=1, max_size=8).map(str.strip).filter(bool), min_size=1,
                   max_size=3, unique=True),
    seed=st.integers(0, 2**32),
)  # fmt: skip
def test_what_was_written_is_read(freq, first, sites, seed):
    step, least = STEPS[freq]
    rng = np.random.default_rng(seed)
    start = pd.Timestamp(first).normalize().replace(day=1)
    times = pd.date_range(start, periods=least + int(rng.integers(0, 20)), freq=step)
    y = rng.integers(0, 4, (len(sites), len(times)))  # too few for any zero to be impossible
    kept = rng.random(y.shape) > 0.05
    kept[:, [0, -1]] = True
    rows = [f'"{site}",{times[t]},{y[s, t]}' for s, site in enumerate(sites) for t in range(len(times)) if kept[s, t]]
    rng.shuffle(rows)
    text = "\n".join(["site,when,n", *rows])
    counts = read(text, columns={"time": "when", "value": "n", "series": "site"}, freq=freq.lower())
    np.testing.assert_array_equal(counts.time_T, times.to_numpy().astype("datetime64[s]"))
    for s, site in enumerate(sites):
        got = counts.y_ST[counts.names_S.index(site)]
        np.testing.assert_array_equal(got, np.where(kept[s], y[s], np.nan))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_any_cell_gives_counts_or_a_fault(data):
    rows = [["2024-03-%02d" % day, "A", str(day)] for day in range(1, 32)]  # noqa: UP031
    for _ in range(data.draw(st.integers(1, 3))):
        row, column = data.draw(st.integers(0, 30)), data.draw(st.integers(0, 2))
        rows[row][column] = data.draw(st.text(max_size=12))
    text = "\n".join(["date,site,n", *(",".join(row) for row in rows)])
    try:
        counts = read(text, columns={"time": "date", "value": "n", "series": "site"}, freq="D")
    except Fault:
        return
    known = counts.y_ST[np.isfinite(counts.y_ST)]
    assert (known >= 0).all()
    np.testing.assert_array_equal(known, np.round(known))
    assert counts.sums_SB.shape == (counts.series, counts.bottom)
