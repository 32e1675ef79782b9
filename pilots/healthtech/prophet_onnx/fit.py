"""How a fit's numbers enter the graph: as they are for one series, gathered by the input `series` for many."""

from __future__ import annotations

import numpy as np

from pilots.healthtech.prophet_onnx.nodes import Nodes
from pilots.healthtech.prophet_onnx.parameters import Parameters

WHEN = "when"


class Fit:
    """Parameters as values of the graph.

    Axes of values in the graph: for one series [when], for many [series, when]; a number of a series is [] or
    [series, 1] and a row of numbers [n] or [series, n], so that the same nodes serve both.
    """

    def __init__(self, nodes: Nodes, parameters: Parameters, many: bool):
        self.nodes, self.parameters, self.many = nodes, parameters, many
        self.axes = ("series", "when") if many else ("when",)
        if many:
            nodes.input("series", "int64", ("series",), "which series, 0 to the number of series less 1")

    def number(self, value_S: np.ndarray) -> str:
        """One number per series; the same for all is not gathered."""
        if not self.many or (value_S == value_S[0]).all():
            return self.nodes.constant(float(value_S[0]))
        return self.row(value_S[:, None])

    def row(self, value_SN: np.ndarray) -> str:
        """An array per series."""
        if not self.many:
            return self.nodes.constant(value_SN[0])
        return self.nodes("Gather", value_SN, "series", axis=0)
