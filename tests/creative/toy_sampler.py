"""A sampler small enough to run in milliseconds, with exactly the tensors of the creative pilot.

A random net without training: 4 x 4 pixels to one place, one torus convolution of 3 x 3, strictly local (7 px at most).
"""

from __future__ import annotations

import numpy as np
import onnx.helper
import onnx.numpy_helper
import onnx.parser

from common.bundle.format import Tensor, manifest
from common.bundle.session import SESSION_OPTIONS
from common.bundle.write import write_bundle

HALO, MULTIPLE = 8, 8
IMAGES = [
    {"name": "brick/red.png", "group": "brick"},
    {"name": "brick/pale.png", "group": "brick"},
    {"name": "moss.png", "group": "moss"},
]
COLOUR = ["red", "green", "blue"]
STEPS = {"4": [0.0, 0.3, 0.6, 0.8, 1.0], "8": [0.0, 0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]}

GRAPH = """
<ir_version: 10, opset_import: ["" : 20]>
toy (float[batch,C,height,width] noise, float[batch,C,height,width] state, float[points] grid,
     float[batch,image] condition, float[batch,C,height,width] known, float[batch,1,height,width] mask)
    => (float[batch,C,height,width] picture, float[batch,C,height,width] next)
<float one = {1.0}, float range = {4.0}, int64 first = {0}, int64 unit = {1}, bool on = {1},
 int64[1] zero1 = {0}, int64[1] one1 = {1}, int64[1] last1 = {-1}, int64[1] end1 = {9223372036854775807},
 int64[1] two1 = {2}, int64[1] three1 = {3}, int64[2] places = {2, 3}, float pull = {0.3}>
{
  tone = MatMul(condition, shade)
  middle = Unsqueeze(tone, places)
  centred = Sub(known, middle)
  encoded = Mul(centred, range)
  drawn = Sub(one, mask)
  points0 = Shape(grid)
  points = Squeeze(points0)
  trips = Sub(points, unit)
  start = Gather(grid, first)
  early = Sub(one, start)
  n0 = Mul(early, noise)
  k0 = Mul(start, encoded)
  kept0 = Add(n0, k0)
  old0 = Mul(mask, state)
  new0 = Mul(drawn, kept0)
  begun = Add(old0, new0)
  colour = MatMul(condition, tint)
  tinted = Unsqueeze(colour, places)
  next = Loop(trips, on, begun) <body = step (int64 i, bool go, float[batch,C,height,width] x)
      => (bool more, float[batch,C,height,width] y) {
    more = Identity(go)
    j = Add(i, unit)
    t = Gather(grid, i)
    u = Gather(grid, j)
    dt = Sub(u, t)
    deep = SpaceToDepth<blocksize = 4>(x)
    l = Slice(deep, last1, end1, three1)
    r = Slice(deep, zero1, one1, three1)
    wide = Concat<axis = 3>(l, deep, r)
    a = Slice(wide, last1, end1, two1)
    b = Slice(wide, zero1, one1, two1)
    whole = Concat<axis = 2>(a, wide, b)
    seen = Conv<kernel_shape = [3, 3]>(whole, kernel)
    back = DepthToSpace<blocksize = 4>(seen)
    moved = Add(back, tinted)
    shift = Add(moved, t)
    bent = Tanh(shift)
    stay = Mul(x, pull)
    v = Sub(bent, stay)
    dx = Mul(dt, v)
    x1 = Add(x, dx)
    late = Sub(one, u)
    n1 = Mul(late, noise)
    k1 = Mul(u, encoded)
    kept = Add(n1, k1)
    old = Mul(mask, x1)
    new = Mul(drawn, kept)
    y = Add(old, new)
  }>
  scaled = Div(next, range)
  shown = Add(scaled, middle)
  picture = Clip(shown, low, one)
}
"""


def model(planes: int = 3, images: int = len(IMAGES)) -> bytes:
    rng = np.random.default_rng(0)
    proto = onnx.parser.parse_model(GRAPH.replace(",C,", f",{planes},"))
    deep = 16 * planes
    weights = {
        "kernel": rng.normal(0, 0.6 / np.sqrt(deep), (deep, deep, 3, 3)),
        "tint": rng.normal(0, 1.0, (images, planes)),
        "shade": rng.uniform(0.3, 0.7, (images, planes)),
        "low": np.array(0.0),
    }
    for name, values in weights.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
    return proto.SerializeToString()


def toy_manifest(planes: tuple[str, ...] = tuple(COLOUR), **changes) -> dict:
    deep = ("batch", len(planes), "height", "width")
    inputs = [
        Tensor("noise", "float32", deep, meaning="standard normal"),
        Tensor("state", "float32", deep, meaning="where the run stands at grid[0]"),
        Tensor("grid", "float32", ("points",), "", 0, 1, STEPS["8"], meaning="times, 0 = noise, 1 = picture"),
        Tensor("condition", "float32", ("batch", len(IMAGES)), "", 0, 1, meaning="weights of the training pictures"),
        Tensor("known", "float32", deep, "", 0, 1, meaning="a picture"),
        Tensor("mask", "float32", ("batch", 1, "height", "width"), "", 0, 1, meaning="1 = make anew, 0 = keep"),
    ]
    outputs = [Tensor("picture", "float32", deep, "", 0, 1), Tensor("next", "float32", deep)]
    creative = {
        "images": IMAGES,
        "planes": list(planes),
        "channels": len(planes),
        "halo": HALO,
        "multiple": MULTIPLE,
        "patch": 64,
        "steps": 8,
        "grids": STEPS,
        "rights_sha256": None,
        "data": "toy",
    }
    parts = {
        "pilot": "creative",
        "name": "creative",
        "version": "20260131120000",
        "model": "toy",
        "task": "material",
        "seen": {},
        "table": {},
        "decision": {},
        "metrics": {},
        "parity": {"max_abs_diff": 0.0, "tolerance": 0.0001, "rows": 1},
        "opset": {"ai.onnx": 20},
        "session_options": dict(SESSION_OPTIONS),
        "data": {"name": "toy", "rows": 3, "series": 3, "sha256": "0" * 64, "licence": "CC0-1.0"},
        "seed": 0,
        "commit": "0" * 40,
        "licence": "Apache-2.0",
        "creative": creative,
    }
    return manifest(inputs=inputs, outputs=outputs, **{**parts, **changes})


def sample(planes: int = 3, size: int = 16) -> dict[str, np.ndarray]:
    """Inputs for the bundle's self-test."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((1, planes, size, size)).astype(np.float32)
    return {
        "noise": drawn,
        "state": drawn,
        "grid": np.array(STEPS["4"], np.float32),
        "condition": np.eye(len(IMAGES), dtype=np.float32)[:1],
        "known": np.zeros_like(drawn),
        "mask": np.ones((1, 1, size, size), np.float32),
    }


def write_toy(folder, planes: tuple[str, ...] = tuple(COLOUR), **changes) -> str:
    made = toy_manifest(planes, **changes)
    return write_bundle(folder, model(len(planes)), made, sample(len(planes)), "# A toy\n")
