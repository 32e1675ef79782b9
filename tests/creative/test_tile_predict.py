"""`pilot-predict BUNDLE settings.json`: the same pictures as the verbs give, and a page that shows them."""

from __future__ import annotations

import json

import cv2
import numpy as np

from common.predict import predict
from pilots.creative.use import tile


def test_settings_in_a_file_give_what_the_verb_gives(toy_folder, tmp_path):
    (tmp_path / "s.json").write_text(json.dumps({"class": "brick", "size": "64x32", "count": 2, "seed": 4}))
    predict([str(toy_folder), str(tmp_path / "s.json"), "--out", str(tmp_path / "a")])
    tile.main(
        [
            str(toy_folder),
            "--class",
            "brick",
            "--size",
            "64x32",
            "--count",
            "2",
            "--seed",
            "4",
            "--out",
            str(tmp_path / "b"),
        ]
    )
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["brick_4.png", "brick_5.png", "page.html"]
    for name in names[:2]:
        one, other = (cv2.imread(str(tmp_path / folder / name), cv2.IMREAD_UNCHANGED) for folder in "ab")
        np.testing.assert_array_equal(one, other)
    page = (tmp_path / "a" / "page.html").read_text()
    assert page.count("data:image/jpeg;base64,") == 2
    assert "<script" not in page


def test_a_picture_is_looked_for_beside_the_file(toy_folder, tmp_path, monkeypatch):
    home = tmp_path / "home"
    home.mkdir()
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    cv2.imwrite(str(home / "wall.png"), picture)
    (home / "s.json").write_text(json.dumps({"make": "repair", "picture": "wall.png", "width": 16}))
    predict([str(toy_folder), str(home / "s.json"), "--out", str(tmp_path / "o")])
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["page.html", "wall_repair_0.png"]
    assert "A picture made tileable" in (tmp_path / "o" / "page.html").read_text()


def test_a_hostile_name_is_text_on_the_page(tmp_path):
    import toy_sampler

    creative = toy_sampler.toy_manifest()["creative"]
    images = [{"name": "<script>x</script>", "group": "<b>"}] * 3
    toy_sampler.write_toy(tmp_path / "b", creative={**creative, "images": images})
    (tmp_path / "s.json").write_text('{"size": 32}')
    predict([str(tmp_path / "b"), str(tmp_path / "s.json"), "--out", str(tmp_path / "o")])
    page = (tmp_path / "o" / "page.html").read_text()
    assert "<script" not in page
    assert "&lt;script&gt;x&lt;/script&gt;" in page
