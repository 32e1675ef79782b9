"""The feature graph against answers known by hand and against SciPy."""

from itertools import pairwise

import numpy as np
import pytest
from made_vibration import blows, modulated
from scipy.signal import hilbert

from common.bundle.session import Session
from pilots.manufacturing.vibration.classify import BALLS, RATIO
from pilots.manufacturing.vibration.graph import EDGES, FEATURES, HARMONICS, LINES, RATES, lines_graph, orders


@pytest.fixture(scope="module")
def ask():
    session = Session(lines_graph().SerializeToString())

    def run(x_N: np.ndarray, rate: float, rpm: float) -> dict[str, np.ndarray]:
        scalars = {"rate": rate, "balls": BALLS, "ratio": RATIO}
        words = {name: np.array(value, np.float32) for name, value in scalars.items()}
        return session.run(
            {"acceleration": x_N[None].astype(np.float32), "speed": np.array([rpm], np.float32), **words}
        )

    return run


def reference(x_N: np.ndarray, rate: float, rpm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Envelope spectrum, line levels and features as one would write them with SciPy."""
    x_N = x_N.astype(np.float32).astype(np.float64)
    x_N = x_N - x_N.mean()
    n = len(x_N)
    hz_N = np.fft.fftfreq(n, 1 / rate)
    kept_N = np.fft.ifft(np.fft.fft(x_N) * ((np.abs(hz_N) >= 2000) & (np.abs(hz_N) <= 5000))).real
    envelope_N = np.abs(hilbert(kept_N))
    hann_N = 0.5 * (1 - np.cos(2 * np.pi * np.arange(n) / n))
    spectrum_K = np.abs(np.fft.rfft((envelope_N - envelope_N.mean()) * hann_N)) * 4 / n
    at_K = np.fft.rfftfreq(n, 1 / rate)
    line_db, shaft = [], rpm / 60
    for order in orders(BALLS, RATIO).values():
        for harmonic in HARMONICS:
            apart_K = np.abs(at_K - harmonic * order * shaft)
            reach = max(0.02 * harmonic * order * shaft, 1.5 * rate / n)
            beside_K = (apart_K > reach) & (apart_K <= reach + shaft) & (at_K > 0)
            peak = 20 * np.log10(spectrum_K[apart_K <= reach].max())
            line_db.append(peak - np.mean(20 * np.log10(spectrum_K[beside_K])))
    power_K = np.abs(np.fft.rfft(x_N)) ** 2
    bands = np.array([power_K[(at_K >= a) & (at_K < b)].sum() for a, b in pairwise(EDGES)])
    level = 10 * np.log10(2 * bands.sum() / n**2)
    kurtosis = (kept_N**4).mean() / (kept_N**2).mean() ** 2
    rates_db = np.reshape(line_db, (len(RATES), len(HARMONICS))).mean(axis=1)
    features = [*rates_db, *(10 * np.log10(bands / bands.sum())), level, np.log(kurtosis)]
    return spectrum_K, np.array(line_db), np.array(features)


def test_rates_of_a_known_bearing():
    """SKF 6205-2RS as in every handbook: 3.585, 5.415, 2 x 2.357, 0.398 times shaft speed."""
    assert list(orders(BALLS, RATIO)) == list(RATES)
    assert list(orders(BALLS, RATIO).values()) == pytest.approx([3.5848, 5.4152, 4.7135, 0.3983], abs=1e-4)


@pytest.mark.parametrize("rate", [12_000, 25_600, 48_000])
def test_a_modulation_of_100_hz_is_found_at_100_hz(ask, rate):
    x_N = modulated(rate, 3000, 100, 0.5)
    envelope_K = ask(x_N, rate, 1800)["envelope"][0]
    assert envelope_K.argmax() * 2 == 100  # bins of 2 Hz
    assert envelope_K.max() == pytest.approx(0.5, abs=1e-3)
    assert reference(x_N, rate, 1800)[0].argmax() * 2 == 100


@pytest.mark.parametrize("rate", [12_000, 12_800])
def test_the_graph_is_the_reference(ask, rate):
    x_N = blows(rate, 107, 0.5) + 0.3 * modulated(rate, 700, 9, 0.5)
    got = ask(x_N, rate, 1797)
    spectrum_K, line_db, features = reference(x_N, rate, 1797)
    np.testing.assert_allclose(got["envelope"][0], spectrum_K, atol=1e-4)
    np.testing.assert_allclose(got["line_db"][0], line_db, atol=1e-4)
    np.testing.assert_allclose(got["features"][0], features, atol=1e-4)
    assert len(features) == len(FEATURES)


def test_speed_and_gain_do_not_move_the_lines(ask):
    """The same fault at twice the speed, ten times as loud: the same rate stands out, in dB as far."""
    order, found = orders(BALLS, RATIO)["outer"], {}
    for rpm, gain in ((1200, 1.0), (1500, 1.0), (2400, 10.0)):
        shaft = rpm / 60
        got = ask(gain * blows(12_000, order * shaft, 30 / shaft), 12_000, rpm)  # as many turns each
        rate_db = np.reshape(got["line_db"][0], (len(RATES), -1))[:, 0]
        assert RATES[rate_db.argmax()] == "outer"
        assert rate_db[0] > 20 + np.sort(rate_db)[-2]
        assert got["line_hz"][0][0] / shaft == pytest.approx(order, rel=0.02)
        found[rpm] = rate_db[0]
    assert max(found.values()) - min(found.values()) < 6


@pytest.mark.parametrize("rate", RATES)
def test_each_fault_speaks_at_its_own_rate(ask, rate):
    order = orders(BALLS, RATIO)[rate]
    got = ask(blows(12_000, order * 30, 1.0), 12_000, 1800)
    line = int(np.argmax(got["line_db"][0]))
    if rate != "cage":  # blows at the cage's rate have harmonics everywhere
        assert LINES[line].startswith(rate)
    assert got["line_db"][0][LINES.index(f"{rate} x1")] > 20


def test_silence_gives_numbers(ask):
    got = ask(np.zeros(6000), 12_000, 1800)
    assert all(np.isfinite(values).all() for values in got.values())
