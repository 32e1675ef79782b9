"""A file says how it was made, and every change to it is noticed."""

from __future__ import annotations

import io
import json
import os
import socket
import stat
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.fault import Fault
from pilots.creative.provenance import certificate, credential, xmp
from pilots.creative.provenance.made import KINDS, OF_A_PICTURE, Made

MADE = Made("brick_0.png", "tile", 7, 16, "ab" * 32, "tile_flow", "cd" * 32, {"class": "brick", "size": 64})
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def picture(fmt: str, seed: int = 0, **how: object) -> bytes:
    if fmt == "svg":
        return SVG
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 40, 3), np.uint8)).save(out, fmt, **how)
    return out.getvalue()


def checked(data: bytes, fmt: str) -> credential.Credential:
    found = credential.read(data, fmt, certificate.existing())
    assert found is not None
    return found


def test_the_certificate_is_made_once_and_for_its_owner_alone(tmp_path):
    assert certificate.existing() is None
    made = certificate.identity()
    home = tmp_path / "config" / "sector-ai-pilots" / "creative"
    assert certificate.identity() == made
    assert sorted(path.name for path in home.iterdir()) == sorted(certificate.FILES)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}
    assert [path.name for path in home.parent.iterdir()] == ["creative"]
    assert made.private.decode() not in repr(made)


def test_many_at_once_make_one_certificate():
    found: list[certificate.Identity] = []
    threads = [threading.Thread(target=lambda: found.append(certificate.identity())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({each.private for each in found}) == 1


def test_a_certificate_with_a_missing_part_is_not_replaced(tmp_path):
    certificate.identity()
    (tmp_path / "config/sector-ai-pilots/creative/private_key.pem").unlink()
    with pytest.raises(Fault, match=r"private_key\.pem is missing or empty: put it back"):
        certificate.identity()


@pytest.mark.parametrize("fmt", ["png", "jpeg", "webp", "svg"])
def test_a_signed_file_is_trusted_here_and_says_how_it_was_made(fmt, monkeypatch, tmp_path):
    signed = credential.sign(picture(fmt), fmt, MADE)
    found = checked(signed, fmt)
    assert (found.state, found.problems, found.ingredients) == ("Trusted", (), ())
    assert found.facts == MADE.facts()
    assert b"trainedAlgorithmicMedia" in signed
    assert b"PRIVATE" not in signed
    assert certificate.identity().private.splitlines()[1] not in signed
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "other"))  # another machine
    assert credential.read(signed, fmt, certificate.identity()).state == "Valid"
    assert credential.read(signed, fmt, None).state == "Valid"
    assert credential.read(picture(fmt), fmt, None) is None


@pytest.mark.parametrize(
    ("fmt", "how"), [("png", {}), ("jpeg", {}), ("webp", {"lossless": True}), ("webp", {"lossless": False})]
)
def test_the_pixels_stay_and_other_programs_can_read_where_they_come_from(fmt, how):
    before = picture(fmt, **how)
    after = Image.open(io.BytesIO(credential.sign(before, fmt, MADE)))
    np.testing.assert_array_equal(np.asarray(after), np.asarray(Image.open(io.BytesIO(before))))
    packet = after.info["xmp"].decode() if isinstance(after.info["xmp"], bytes) else after.info["xmp"]
    assert f'Iptc4xmpExt:DigitalSourceType="{MADE.source_type}"' in packet
    assert MADE.title in packet


def test_the_settings_stand_in_the_png():
    made = replace(MADE, settings={"class": "plâtre & <chaux>", "size": [512, 1024]})
    signed = credential.sign(picture("png"), "png", made)
    assert json.loads(Image.open(io.BytesIO(signed)).text[xmp.TEXT]) == made.facts()
    assert xmp.settings(signed) == made.facts()
    assert xmp.settings(picture("png")) is None


def test_a_recoloured_picture_is_not_called_drawn_by_a_model():
    made = Made("a.png", "palette", None, None, None, None, ingredient=picture("png"), ingredient_name="photo.png")
    signed = credential.sign(picture("png", seed=1), "png", made)
    assert checked(signed, "png").ingredients == ("photo.png",)
    assert b"algorithmicallyEnhanced" in signed
    assert b"rainedAlgorithmicMedia" not in signed


@pytest.mark.parametrize("kind", KINDS)
def test_the_source_type_is_that_of_the_kind(kind):
    own = kind in OF_A_PICTURE
    made = replace(MADE, kind=kind, ingredient=picture("png") if own else None)
    assert made.source_type.endswith("/compositeWithTrainedAlgorithmicMedia" if own else "/trainedAlgorithmicMedia")


def test_the_users_picture_is_named_with_its_hash_and_without_its_folder():
    photo = picture("jpeg", seed=3)
    made = replace(MADE, kind="repair", ingredient=photo, ingredient_name="/someone/else/wall.jpg")
    signed = credential.sign(picture("png"), "png", made)
    found = checked(signed, "png")
    assert (found.state, found.ingredients) == ("Trusted", ("wall.jpg",))
    assert found.facts["ingredient"]["name"] == "wall.jpg"
    assert len(found.facts["ingredient"]["sha256"]) == 64
    assert b"someone" not in signed


def test_a_picture_that_is_itself_signed_brings_its_credential():
    first = credential.sign(picture("webp"), "webp", MADE)
    made = replace(MADE, kind="variation", ingredient=first, ingredient_name="first.webp")
    signed = credential.sign(picture("png"), "png", made)
    assert checked(signed, "png").state == "Trusted"
    assert signed.count(b"c2pa.signature") > first.count(b"c2pa.signature")


def test_an_ingredient_of_an_unknown_kind_is_refused():
    made = replace(MADE, kind="repair", ingredient=b"GIF89a", ingredient_name="wall.gif")
    with pytest.raises(Fault, match=r"wall\.gif is no PNG, JPEG or WebP: save it as one of them"):
        credential.sign(picture("png"), "png", made)


def test_nothing_reaches_for_the_network(monkeypatch):
    def no(*_: object, **__: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no)
    monkeypatch.setattr(socket, "getaddrinfo", no)
    assert checked(credential.sign(picture("png"), "png", MADE), "png").state == "Trusted"


def test_the_folder_follows_the_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("APPDATA", str(tmp_path / "Roaming"))
    for platform, base in (("linux", ".config"), ("darwin", "Library/Application Support"), ("win32", "Roaming")):
        monkeypatch.setattr("sys.platform", platform)
        assert certificate.folder() == tmp_path / base / "sector-ai-pilots" / "creative"
    assert not os.listdir(tmp_path)


def test_a_name_that_no_text_can_hold_is_written_with_marks_in_its_place():
    odd = replace(MADE, title="a\x01.png", kind="variation", ingredient=b"x", ingredient_name="M\udcfcll.png")
    assert (odd.name, odd.picture) == ("a\N{REPLACEMENT CHARACTER}.png", "M\N{REPLACEMENT CHARACTER}ll.png")
