"""Raw acceleration to bearing-fault lines, as one float64 ONNX graph: used in training and in every bundle.

Envelope analysis (Randall and Antoni 2011, MSSP 25(2)): keep 2 to 5 kHz, where a bearing's housing rings after each
blow; take the envelope (modulus of the analytic signal); look for lines in the envelope's spectrum at the rates at
which balls meet a fault. Those rates are orders, multiples of shaft speed, from the bearing's geometry alone:

    outer race  n/2 (1 - r)       inner race  n/2 (1 + r)       n  number of balls
    ball        (1 - r^2) / r     cage        (1 - r) / 2       r  ball diameter / pitch diameter x cos(contact angle)

(A faulty ball strikes both races, so its rate is twice its spin.) A line's level is counted in dB above its
surroundings, which takes out gain, and at its order, which takes out speed.

Axes: window, sample, bin (of the envelope's spectrum), line (four rates x three harmonics), band, feature.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import onnx
from onnx import compose, numpy_helper, parser

RATES = ("outer", "inner", "ball", "cage")
HARMONICS = (1, 2, 3)
LINES = tuple(f"{rate} x{h}" for rate in RATES for h in HARMONICS)
EDGES = (10, 500, 1000, 2000, 3500, 5000)  # Hz, of the bands; what is above 5 kHz not every recorder keeps
BANDS = tuple(f"{low} to {high} Hz" for low, high in pairwise(EDGES))
FEATURES = (*(f"{rate}_db" for rate in RATES), *(f"band_{low}_db" for low in EDGES[:-1]), "level_db", "log_kurtosis")
LEAST_RATE = 2 * EDGES[-1]  # Hz
SECONDS = 0.5  # of one window: lines 2 Hz wide, an outer and a ball line of this bearing lie 34 Hz apart

FRONT = f"""
<ir_version: 10, opset_import: ["": 20]>
lines (float[window, sample] acceleration, float[window] speed, float rate, float balls, float ratio)
   => (double[window, {len(FEATURES)}] features, float[window, {len(LINES)}] line_db,
       float[window, {len(LINES)}] line_hz, float[window, {len(BANDS)}] band_db, float[window] level,
       float[window] kurtosis, float[window, bin] envelope)
<double[{len(HARMONICS)}] harmonic = {{{", ".join(map(str, HARMONICS))}}},
 double[{len(BANDS)}, 1] low = {{{", ".join(map(str, EDGES[:-1]))}}},
 double[{len(BANDS)}, 1] high = {{{", ".join(map(str, EDGES[1:]))}}},
 double ring_low = {{2000}}, double ring_high = {{5000}}, double slip = {{0.02}}, double near_bins = {{1.5}},
 double tiny = {{1e-24}}, double nothing = {{-1e9}}, double half = {{0.5}}, double one = {{1}}, double two = {{2}},
 double four = {{4}}, double zero = {{0}}, double minute = {{60}}, double tau = {{{2 * math.pi!r}}},
 double db = {{{20 / math.log(10)!r}}},
 int64 none = {{0}}, int64 single = {{1}}, int64[1] at0 = {{0}}, int64[1] at1 = {{1}}, int64[1] at2 = {{2}},
 int64[1] last = {{-1}}, int64[2] as_lines = {{0, {len(LINES)}}}, int64[3] each_rate = {{0, {len(RATES)},
 {len(HARMONICS)}}}>
{{
   x0 = Cast <to = 11> (acceleration)
   offset = ReduceMean (x0, at1)
   x = Sub (x0, offset)
   sizes = Shape (x)
   samples = Gather (sizes, single)
   n = Cast <to = 11> (samples)
   rate64 = Cast <to = 11> (rate)
   step = Div (rate64, n)
   number = Range (none, samples, single)
   k = Cast <to = 11> (number)
   hz = Mul (k, step)

   x1 = Unsqueeze (x, last)
   whole = DFT (x1)
   square = Mul (whole, whole)
   power = ReduceSum <keepdims = 0> (square, last)
   over = GreaterOrEqual (hz, low)
   under = Less (hz, high)
   within = And (over, under)
   band = Cast <to = 11> (within)
   by_band = Einsum <equation = "wn,bn->wb"> (power, band)
   total = ReduceSum <keepdims = 1> (by_band, at1)
   total1 = Add (total, tiny)
   share0 = Div (by_band, total1)
   share = Add (share0, tiny)
   share_ln = Log (share)
   half_db = Div (db, two)
   band64 = Mul (share_ln, half_db)
   twice = Mul (total, two)
   over_n = Div (twice, n)
   mean_square = Div (over_n, n)
   rms = Sqrt (mean_square)
   mean_square1 = Add (mean_square, tiny)
   level_ln = Log (mean_square1)
   level64 = Mul (level_ln, half_db)

   from = GreaterOrEqual (hz, ring_low)
   to = LessOrEqual (hz, ring_high)
   rings = And (from, to)
   doubled = Where (rings, two, zero)
   filter = Unsqueeze (doubled, last)
   kept = Mul (whole, filter)
   analytic = DFT <inverse = 1> (kept)
   analytic2 = Mul (analytic, analytic)
   modulus2 = ReduceSum <keepdims = 0> (analytic2, last)
   modulus = Sqrt (modulus2)

   ringing2 = Gather <axis = 2> (analytic2, none)
   second = ReduceMean <keepdims = 1> (ringing2, at1)
   ringing4 = Mul (ringing2, ringing2)
   fourth = ReduceMean <keepdims = 1> (ringing4, at1)
   second2 = Mul (second, second)
   second3 = Add (second2, tiny)
   kurtosis64 = Div (fourth, second3)
   kurtosis1 = Add (kurtosis64, tiny)
   log_kurtosis = Log (kurtosis1)

   mean = ReduceMean (modulus, at1)
   wave = Sub (modulus, mean)
   turn = Mul (k, tau)
   angle = Div (turn, n)
   cosine = Cos (angle)
   shape = Sub (one, cosine)
   hann = Mul (shape, half)
   shaped = Mul (wave, hann)
   shaped1 = Unsqueeze (shaped, last)
   spectrum = DFT <onesided = 1> (shaped1)
   spectrum2 = Mul (spectrum, spectrum)
   power2 = ReduceSum <keepdims = 0> (spectrum2, last)
   modulus_n = Sqrt (power2)
   modulus_4 = Mul (modulus_n, four)
   amplitude = Div (modulus_4, n)
   amplitude1 = Add (amplitude, tiny)
   loud = Log (amplitude1)

   ratio64 = Cast <to = 11> (ratio)
   balls64 = Cast <to = 11> (balls)
   less = Sub (one, ratio64)
   more = Add (one, ratio64)
   cage0 = Div (less, two)
   outer0 = Mul (cage0, balls64)
   more2 = Div (more, two)
   inner0 = Mul (more2, balls64)
   product = Mul (less, more)
   ball0 = Div (product, ratio64)
   outer = Unsqueeze (outer0, at0)
   inner = Unsqueeze (inner0, at0)
   ball = Unsqueeze (ball0, at0)
   cage = Unsqueeze (cage0, at0)
   orders = Concat <axis = 0> (outer, inner, ball, cage)
   orders1 = Unsqueeze (orders, at1)
   order = Mul (orders1, harmonic)
   speed64 = Cast <to = 11> (speed)
   shaft = Div (speed64, minute)
   shaft1 = Unsqueeze (shaft, at1)
   shaft2 = Unsqueeze (shaft1, at2)
   expected0 = Mul (order, shaft2)
   expected1 = Reshape (expected0, as_lines)
   expected = Unsqueeze (expected1, at2)

   bins = Shape <start = 1, end = 2> (amplitude)
   count = Squeeze (bins, at0)
   bin = Range (none, count, single)
   bin64 = Cast <to = 11> (bin)
   bin_hz = Mul (bin64, step)
   apart0 = Sub (bin_hz, expected)
   apart = Abs (apart0)
   slipped = Mul (expected, slip)
   wide = Mul (step, near_bins)
   reach = Max (slipped, wide)
   on_line = LessOrEqual (apart, reach)
   edge = Add (reach, shaft2)
   inside = LessOrEqual (apart, edge)
   not_line = Not (on_line)
   above = Greater (bin_hz, zero)
   beside = And (inside, not_line)
   around = And (beside, above)
   loud1 = Unsqueeze (loud, at1)
   peaks = Where (on_line, loud1, nothing)
   peak = ReduceMax <keepdims = 0> (peaks, at2)
   place = ArgMax <axis = 2, keepdims = 0> (peaks)
   place64 = Cast <to = 11> (place)
   place_hz = Mul (place64, step)
   others = Where (around, loud1, zero)
   sum = ReduceSum <keepdims = 0> (others, at2)
   weight = Cast <to = 11> (around)
   weights = ReduceSum <keepdims = 0> (weight, at2)
   weights1 = Max (weights, one)
   floor = Div (sum, weights1)
   rise = Sub (peak, floor)
   rise_db = Mul (rise, db)
   measured0 = Greater (peak, nothing)
   measured1 = Greater (weights, zero)
   measured = And (measured0, measured1)
   line64 = Where (measured, rise_db, zero)

   by_rate = Reshape (line64, each_rate)
   rate_db = ReduceMean <keepdims = 0> (by_rate, at2)
   features = Concat <axis = 1> (rate_db, band64, level64, log_kurtosis)
   line_db = Cast <to = 1> (line64)
   line_hz = Cast <to = 1> (place_hz)
   band_db = Cast <to = 1> (band64)
   rms1 = Squeeze (rms, at1)
   level = Cast <to = 1> (rms1)
   kurtosis2 = Squeeze (kurtosis64, at1)
   kurtosis = Cast <to = 1> (kurtosis2)
   envelope = Cast <to = 1> (amplitude)
}}
"""

HEAD = """
<ir_version: 10, opset_import: ["": 20]>
head (double[window, {features}] features) => (float[window, {classes}] probability)
{{
   away = Sub (features, centre)
   scaled = Div (away, spread)
   weighed = MatMul (scaled, weight)
   score = Add (weighed, bias)
   chance = Softmax <axis = 1> (score)
   probability = Cast <to = 1> (chance)
}}
"""


def orders(balls: float, ratio: float) -> dict[str, float]:
    """Rate of each fault in multiples of shaft speed; see the head of this file."""
    cage = (1 - ratio) / 2
    return {"outer": balls * cage, "inner": balls * (1 + ratio) / 2, "ball": (1 - ratio**2) / ratio, "cage": cage}


def lines_graph() -> onnx.ModelProto:
    """acceleration, speed, rate, balls, ratio -> features (float64) and what a person wants to see of them."""
    model = parser.parse_model(FRONT)
    onnx.checker.check_model(model, full_check=True)
    return model


def whole_graph(centre_D: np.ndarray, spread_D: np.ndarray, weight_DC: np.ndarray, bias_C: np.ndarray):
    """The lines with a classifier on top: softmax of a weighted sum of scaled features."""
    text = HEAD.format(features=len(FEATURES), classes=len(bias_C))
    names = {"centre": centre_D, "spread": spread_D, "weight": weight_DC, "bias": bias_C}
    head = parser.parse_model(text)
    head.graph.initializer.extend(numpy_helper.from_array(np.asarray(v, np.float64), n) for n, v in names.items())
    joined = compose.merge_models(
        lines_graph(), compose.add_prefix(head, "head_", rename_outputs=False), io_map=[("features", "head_features")]
    )
    joined.graph.name = "bearing_fault"
    onnx.checker.check_model(joined, full_check=True)
    return joined
