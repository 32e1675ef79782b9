"""Small numbers stay hidden, also from a reader who knows the rule, subtracts, and has a solver of linear programs."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog
from scipy.sparse import coo_matrix

from common.bundle.open import open_bundle
from common.predict import predict
from pilots.healthtech.use.additive import Equations, equations, tilings_of_series
from pilots.healthtech.use.answer import answer
from pilots.healthtech.use.suppress import REAL, STAR, WHOLE, Kind, hide, shown, small

FLOW = {
    "names": ["a", "b", "c", "d", "river", "hill", "total"],
    "sums": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]],
    "hierarchy": [{"name": "trust", "members": [4, 5]}, {"name": "total", "members": [6]}],
}


def made(seed: int, hours: int = 12) -> pd.DataFrame:
    """Counts of four sites of very different size, all sums over sites, shifts of four hours and the whole day."""
    rng = np.random.default_rng(seed)
    size_B1 = rng.choice([0.3, 3, 9, 25, 60], size=(4, 1))
    y_SH = np.array(FLOW["sums"]) @ rng.poisson(size_B1 * rng.uniform(0.3, 1.5, size=(1, hours)))
    rows = []
    for name, y_H in zip(FLOW["names"], y_SH, strict=True):
        for period, steps in (("step", 1), ("shift", 4), ("day", hours)):
            rows += [(name, period, h + 1, steps, y_H[h : h + steps].sum()) for h in range(0, hours, steps)]
    return pd.DataFrame(rows, columns=["series", "period", "step", "steps", "count"])


def attack(published: np.ndarray, sums: Equations, at: int, kind: Kind = WHOLE) -> tuple[float, float]:
    """The least and the most that the number in row `at` can be, given all that is published and that sums add up."""
    is_sum = np.isin(np.arange(len(published)), sums.parent_E)
    bounds = []
    for value, adds in zip(published, is_sum, strict=True):
        if value == STAR:
            bounds.append((kind.low, None if adds else kind.high))
        else:
            bounds.append((value - kind.half, value + kind.half) if value else (0, 0))
    rows = np.append(sums.equation_M, np.arange(len(sums.parent_E)))
    weight = np.append(np.ones(len(sums.child_M)), -np.ones(len(sums.parent_E)))
    matrix = coo_matrix((weight, (rows, np.append(sums.child_M, sums.parent_E))), (len(sums.parent_E), len(bounds)))
    found = []
    for sign in (1.0, -1.0):
        goal = np.zeros(len(bounds))
        goal[at] = sign
        done = linprog(goal, A_eq=matrix.tocsr(), b_eq=np.zeros(len(sums.parent_E)), bounds=bounds, method="highs")
        assert done.status in (0, 3), done.message  # solved, or without an end
        found.append(np.inf if done.status == 3 else sign * done.fun)
    return found[0], found[1]


def broken(published: np.ndarray, sums: Equations, x_N: np.ndarray, kind: Kind = WHOLE) -> list[int]:
    """Rows of single counts of 1 to 7 of which the attack learns more than that."""
    found = []
    for at in np.flatnonzero(small(x_N) & ~np.isin(np.arange(len(x_N)), sums.parent_E)):
        least, most = attack(published, sums, int(at), kind)
        if least > 1 + 1e-6 or most < 7 - 1e-6:
            found.append(int(at))
    return found


def test_the_rule_of_nhs_digital():
    x_N = np.array([0, 1, 7, 8, 12, 13, 17.4, np.nan, 0.2, 7.6])
    assert list(shown(x_N, small(x_N))[:7]) == [0, STAR, STAR, 10, 10, 15, 15]
    assert shown(x_N, small(x_N))[7] is pd.NA
    assert list(shown(x_N, small(x_N))[8:]) == [STAR, 10]


def test_a_total_that_gives_a_count_away_is_hidden():
    sums = Equations.of([(0, [1, 2])])
    for x_N, hidden in (
        ([16, 12, 4], [False, False, True]),  # 15 - 10: 1 to 7 remain possible
        ([18, 12, 6], [True, False, True]),  # 20 - 10: only 6 or 7
        ([12, 10, 2], [True, False, True]),  # 10 - 10: at most 4
        ([10, 5, 5], [False, True, True]),
        ([8, 7, 1], [False, True, True]),
        ([2, 1, 1], [True, True, True]),
        ([24, 12, 12], [False] * 3),
        ([12, 12, 0], [False] * 3),
        ([3, 3, 0], [True, True, False]),
    ):
        assert hide(np.array(x_N, float), sums).tolist() == hidden, x_N


@pytest.mark.parametrize("seed", [1, 2, 8, 20, 23])
def test_an_attack_by_subtraction_fails(seed):
    table = made(seed)
    sums, x_N = equations([table], FLOW), table["count"].to_numpy(float)
    hidden_N = hide(x_N, sums)
    own_N = small(x_N)
    assert own_N.sum() >= 8
    assert broken(shown(x_N, own_N), sums, x_N)  # hiding the small numbers alone is not enough
    assert not broken(shown(x_N, hidden_N), sums, x_N)
    assert (own_N <= hidden_N).all()
    assert (hidden_N & ~own_N).sum() < 0.4 * len(x_N)  # and not everything is hidden


def test_every_way_of_adding_up_is_known():
    assert dict((parent, children) for parent, children in tilings_of_series(FLOW) if parent != "total") == {
        "river": ["a", "b"], "hill": ["c", "d"],
    }  # fmt: skip
    assert [children for parent, children in tilings_of_series(FLOW) if parent == "total"] == [
        ["a", "b", "c", "d"], ["river", "hill"],
    ]  # fmt: skip
    table = made(0)
    sums = equations([table], FLOW)
    count_N = table["count"].to_numpy()
    assert len(sums.parent_E) == 7 * (3 + 1 + 1) + (2 + 2) * (12 + 3 + 1)
    added = np.bincount(sums.equation_M, count_N[sums.child_M], len(sums.parent_E))
    np.testing.assert_array_equal(added, count_N[sums.parent_E])


@pytest.fixture(scope="module")
def suppressed(hourly_run, tmp_path_factory):
    out = tmp_path_factory.mktemp("suppressed") / "out"
    predict([str(hourly_run), str(hourly_run.parents[2] / "counts.csv"), "--out", str(out), "--suppress"])
    return out


def allowed(cell: object) -> bool:
    return cell == STAR or cell is None or (float(cell) >= 0 and float(cell) % 5 == 0)


def test_every_file_keeps_the_rule(suppressed):
    cells = 0
    for name in ("forecast.csv", "totals.csv"):
        table = pd.read_csv(suppressed / name, encoding="utf-8-sig", dtype=str)
        counts = table.filter(regex="^(mean|level|q0.*)$")
        assert counts.map(allowed).all().all()
        cells += counts.size
        if "p_exceed" in table:
            chance = table["p_exceed"][table["p_exceed"] != STAR].astype(float)
            assert np.allclose(chance / 0.05, np.round(chance / 0.05))
            assert (table["p_exceed"][table["mean"] == STAR] == STAR).all()
    said = json.loads((suppressed / "forecast.json").read_text(encoding="utf-8"))
    assert said["suppressed"]
    assert said["notes"] == []
    for row in (*said["forecast"], *said["totals"]):
        assert all(allowed(value) for key, value in row.items() if re.match("mean|level|q0", key))
    assert cells > 5 * 48 * 22
    page = (suppressed / "page.html").read_text(encoding="utf-8")
    body = re.sub(r"<svg.*?</svg>|<style.*?</style>|<pre.*?</pre>", "", page, flags=re.DOTALL)
    shown_cells = re.findall(r"<td>([^<]*)(?:<span class=\"under\">([^<]*)</span>)?</td>", body)
    numbers = [word for pair in shown_cells for text in pair for word in text.replace(",", "").split() if word != "to"]
    counts = [word for word in numbers if word not in "%<>–&lt;&gt;"]
    assert len(counts) > 60
    assert all(allowed(word) for word in counts)


def test_an_attack_on_a_real_answer_fails(hourly_run):
    """Expected counts of a trust and of a shift add up: what is hidden of a site's hours stays within 1 to 7."""
    bundle, path = open_bundle(hourly_run / "bundle"), hourly_run.parents[2] / "counts.csv"
    plain, hidden = (answer(bundle, path, words) for words in ([], ["--suppress"]))
    names = ["<b>east</b>", "=north", "River & Sea"]
    both = [pd.concat([made.forecast.assign(period="step", steps=1), made.totals]) for made in (plain, hidden)]
    own, shown_ = (table[table["series"].isin(names)].reset_index(drop=True) for table in both)
    sums = equations([own], {"names": names, "sums": [[1, 0], [0, 1], [1, 1]], "hierarchy": []})
    assert len(sums.parent_E) == 3 * (6 + 2 + 2) + 48 + 6 + 2
    x_N, published = own["mean"].to_numpy(float), shown_["mean"].to_numpy(object)
    assert small(x_N).sum() > 40
    assert broken(shown(x_N, small(x_N)), sums, x_N, REAL)
    assert not broken(published, sums, x_N, REAL)
    assert hidden.history["count"].map(lambda cell: cell is pd.NA or allowed(cell)).all()
