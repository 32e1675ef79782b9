"""The detector as one ONNX graph: readings in; T², Q, score, alarm and each sensor's share out.

The rows may come all at once, or one after another: row t needs the first `baseline` rows and the last `smooth` ones,
so a stream keeps those (use/anomaly/stream.py) and gets the same answers.
"""

from __future__ import annotations

import numpy as np
import onnx
import torch

from common.export.torch import to_onnx
from pilots.manufacturing.anomaly.detector import FLOOR, T2Q
from pilots.manufacturing.features import FeatureGraph
from pilots.manufacturing.graph import CurveGraph

OUTPUTS = ["t2", "q", "score", "alarm", "contribution", "normal", "condition_ok", "quality"]


def whole(detector: T2Q, channels: int, rate: float) -> onnx.ModelProto:
    """Inputs readings [machine, time, channel], length [machine], rate []; outputs as in OUTPUTS."""
    example = {
        "readings": torch.zeros(2, 7, channels),
        "length": torch.tensor([7, 5]),
        "rate": torch.tensor(rate, dtype=torch.float32),
    }
    axes = {"readings": {0: "machine", 1: "time"}, "length": {0: "machine"}}
    made = to_onnx(DetectorGraph(detector, channels), example, axes, OUTPUTS)
    made.graph.name = "anomaly"
    return made


class DetectorGraph(FeatureGraph):
    """`T2Q` in torch, float64 inside; see there."""

    def __init__(self, detector: T2Q, channels: int):
        torch.nn.Module.__init__(self)  # of the features only `look` is wanted: what a row says alone
        self.look_up(detector.conditions, np.ones(len(detector.conditions.kept_K)))
        d, self.channels = detector, channels
        self.baseline, self.smooth, self.mean_t2, self.mean_q = d.baseline, d.smooth, d.mean_t2, d.mean_q
        parts = {"usual": d.usual_K, "noise": d.noise_K, "stretch": d.stretch_K, "like": d.like_KK}
        parts |= {"t2_root": d.t2_KK, "q_root": d.q_KK, "share_root": d.contribution_KK}
        for name, value in parts.items():
            self.register_buffer(name, torch.tensor(value))
        self.limit = CurveGraph(d.limit)
        place_F = torch.full((channels,), len(d.conditions.kept_K))  # channels that are not used read a column behind
        place_F[torch.as_tensor(d.conditions.kept_K)] = torch.arange(len(d.conditions.kept_K))
        self.register_buffer("place", place_F)

    def forward(self, readings: torch.Tensor, length: torch.Tensor, rate: torch.Tensor) -> tuple[torch.Tensor, ...]:
        row_T = torch.arange(readings.shape[1])
        inside_MT = row_T < length[:, None]
        there = readings.transpose(1, 2), inside_MT[:, None]
        z_MKT, present_MKT, _, plain_MFT, nearest_MT, condition_ok = self.look(*there)
        z_MTK = torch.where(present_MKT, z_MKT, 0.0).transpose(1, 2)
        present_MTK = present_MKT.transpose(1, 2)
        level_MK, known_MK, std_MK, wander_MK = self._start(z_MTK, present_MTK.double(), row_T)
        given_MTK = (present_MTK & known_MK[:, None]).double()
        u_MTK = given_MTK * (z_MTK - level_MK[:, None]) / std_MK[:, None]
        sums = torch.cumsum(torch.cat([u_MTK, given_MTK], dim=2), dim=1)
        sums = torch.cat([torch.zeros_like(sums[:, :1]), sums], dim=1)
        start_T = (row_T + 1 - self.smooth).clamp(min=0)
        total_MTK, n_MTK = (sums[:, 1:] - sums.index_select(1, start_T)).chunk(2, dim=2)
        there_MTK = (n_MTK > 0.5).double()
        scale_MK = (self.noise + self.stretch * wander_MK).clamp(min=1e-9).sqrt()
        w_MTK = there_MTK * total_MTK / n_MTK.clamp(min=1.0) / scale_MK[:, None]

        judged_MT = inside_MT & (row_T >= self.baseline) & (there_MTK.sum(-1) > 0.5)
        nothing = torch.where(judged_MT, 0.0, float("nan"))
        t2, q = (self._distance(w_MTK, there_MTK, root) for root in (self.t2_root, self.q_root))
        score = t2 / self.mean_t2 + q / self.mean_q
        limit = self.limit(rate)[..., 0]
        share_MTK = (w_MTK @ self.share_root).square()
        share_MTK = share_MTK * (score / share_MTK.sum(-1).clamp(min=1e-12))[..., None]
        answers = tuple((x + nothing).float() for x in (t2, q, score))
        alarm = judged_MT & (score > limit)
        contribution = self._by_channel(share_MTK, 0.0) + nothing[..., None].float()
        normal = self._normal(readings, nearest_MT, level_MK, known_MK)
        return *answers, alarm, contribution, normal, condition_ok, plain_MFT.to(torch.int8).transpose(-1, -2)

    def _start(self, z_MTK: torch.Tensor, n_MTK: torch.Tensor, row_T: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Level, whether it is known, scatter and wander of each sensor over the baseline."""
        first_T, half_T = row_T < self.baseline, row_T < self.baseline // 2

        def mean(which_T: torch.Tensor, x_MTK: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            weight_MTK = n_MTK * which_T.double()[:, None]
            n_MK = weight_MTK.sum(1)
            return (x_MTK * weight_MTK).sum(1) / n_MK.clamp(min=1.0), n_MK > 0.5

        level_MK, known_MK = mean(first_T, z_MTK)
        variance_MK = mean(first_T, z_MTK.square())[0] - level_MK.square()
        std_MK = torch.maximum(variance_MK.clamp(min=0.0).sqrt(), (FLOOR * self.usual).clamp(min=1e-6))
        (early_MK, has_early), (late_MK, has_late) = mean(half_T, z_MTK), mean(first_T & ~half_T, z_MTK)
        wander_MK = (has_early & has_late).double() * ((late_MK - early_MK) / std_MK).square()
        return level_MK, known_MK, std_MK, wander_MK

    def _distance(self, w_MTK: torch.Tensor, there_MTK: torch.Tensor, root_KK: torch.Tensor) -> torch.Tensor:
        expected_KK = (root_KK @ root_KK) * self.like
        seen_MT = ((there_MTK @ expected_KK) * there_MTK).sum(-1).clamp(min=1e-9)
        return (w_MTK @ root_KK).square().sum(-1) * (expected_KK.sum() / seen_MT)

    def _normal(
        self, readings: torch.Tensor, nearest_MT: torch.Tensor, level_MK: torch.Tensor, known_MK: torch.Tensor
    ) -> torch.Tensor:
        """The machine's own level of every sensor in this row's operating condition, in the sensor's unit."""
        mean_MTK, std_MTK = (level.transpose(-1, -2) for level in self.levels(nearest_MT))
        own_MK = torch.where(known_MK, level_MK, float("nan"))
        own_MTK = mean_MTK + std_MTK * own_MK[:, None]
        return self._by_channel(own_MTK + torch.zeros_like(readings[:, :, :1]).double(), float("nan"))

    def _by_channel(self, x_MTK: torch.Tensor, unused: float) -> torch.Tensor:
        behind = torch.full_like(x_MTK[:, :, :1], unused)
        return torch.cat([x_MTK, behind], dim=2).index_select(2, self.place).float()
