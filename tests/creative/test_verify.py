"""What `pilot-creative verify` answers: one sentence for every file, and never "intact" for a changed one."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from common.fault import Fault
from pilots.creative.provenance import Made, certificate, key, mark, sign, verify
from pilots.creative.use import verify as verb

MADE = Made("brick_0.png", "tile", 7, 16, "ab" * 32, "tile_flow", "cd" * 32, {"class": "brick", "size": 128})
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>'
TILE = (0.5 + 0.1 * np.random.default_rng(0).standard_normal((128, 128, 3))).clip(0, 1).astype(np.float32)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def encoded(rgb: np.ndarray, fmt: str = "png") -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.round(rgb * 255).astype(np.uint8)).save(out, fmt)
    return out.getvalue()


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "elsewhere"))
    certificate.identity()


def test_a_file_of_ours_is_intact_and_its_watermark_is_found(tmp_path, capsys):
    path = written(tmp_path / "tile.png", sign(encoded(mark(TILE, key())), "png", MADE))
    found = verify(path)
    assert (found.verdict, found.problems) == ("ours", ())
    assert found.sentence == "signed by this machine (identity not verified) and intact"
    assert found.watermark.startswith("found (")
    verb.main([str(path)])
    shown = capsys.readouterr().out
    assert "signed by this machine (identity not verified) and intact" in shown
    assert "made: kind tile, seed 7, steps 16, model tile_flow, bundle_id abab" in shown
    verb.main(["--json", str(path), str(path)])
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert first == second
    assert first["made"] == MADE.facts()


def test_on_another_machine_it_is_somebody_elses_and_intact(tmp_path, monkeypatch):
    path = written(tmp_path / "tile.png", sign(encoded(mark(TILE, key())), "png", MADE))
    another_machine(monkeypatch, tmp_path)
    found = verify(path)
    assert found.verdict == "others"
    assert "somebody else's certificate and intact" in found.sentence
    assert found.issuer == certificate.ORGANISATION
    assert found.watermark.startswith("not found")


def test_saved_again_by_another_program_the_watermark_is_what_is_left(tmp_path, monkeypatch):
    path = written(tmp_path / "tile.jpg", encoded(np.roll(mark(TILE, key()), (5, 9), (0, 1)), "jpeg"))
    assert verify(path).verdict == "watermark"
    another_machine(monkeypatch, tmp_path)
    assert verify(path).verdict == "nothing"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nobody"))
    assert "has no key yet" in verify(path).sentence
    assert not (tmp_path / "nobody").exists()  # to look makes no certificate


def test_of_a_strangers_file_nothing_is_said(tmp_path):
    certificate.identity()
    assert verify(written(tmp_path / "a.png", encoded(TILE))).sentence == (
        "neither a credential nor this machine's watermark: nothing can be said of where it comes from"
    )
    assert verify(written(tmp_path / "a.svg", SVG)).sentence.startswith("no credential, and an SVG has no watermark")


@pytest.mark.parametrize(("kind", "fmt"), [("palette", "png"), ("map", "png"), ("pattern", "svg")])
def test_some_kinds_carry_the_credential_alone_and_it_says_so(tmp_path, kind, fmt):
    data = sign(SVG if fmt == "svg" else encoded(TILE), fmt, replace(MADE, kind=kind))
    found = verify(written(tmp_path / f"a.{fmt}", data))
    assert found.verdict == "ours"
    assert found.watermark.endswith("carries the credential alone")


@pytest.mark.parametrize("fmt", ["png", "jpeg", "webp", "svg"])
@pytest.mark.parametrize("ours", [True, False])
def test_no_flipped_bit_is_ever_called_intact(tmp_path, monkeypatch, fmt, ours):
    """Anywhere: pixels, metadata, credential, and the box around it, which C2PA itself leaves out."""
    small = encoded(TILE[:16, :16], fmt) if fmt != "svg" else SVG
    first = sign(small, fmt, MADE)
    signed = sign(small, fmt, replace(MADE, kind="repair", ingredient=first, ingredient_name="a")) if ours else first
    if not ours:
        another_machine(monkeypatch, tmp_path)
    path, rng = tmp_path / f"tile.{fmt}", np.random.default_rng(0)
    assert verify(written(path, signed)).verdict == ("ours" if ours else "others")
    altered = 0
    for place in rng.integers(len(signed), size=16):
        data = bytearray(signed)
        data[place] ^= 1 << int(rng.integers(8))
        try:
            verdict = verify(written(path, bytes(data))).verdict
        except Fault:
            continue  # no picture any more
        assert verdict in ("altered", "nothing"), place
        altered += verdict == "altered"
    assert altered > 11


def test_it_says_what_differs(tmp_path):
    signed = bytearray(sign(encoded(TILE), "png", MADE))
    signed[-40] ^= 1
    found = verify(written(tmp_path / "tile.png", bytes(signed)))
    assert found.sentence == "altered since it was signed: the picture or its metadata is not what was signed"
    assert found.problems[0].startswith("assertion.dataHash.mismatch")
    assert "not searched" in found.watermark


def huge(width: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, width, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in chunks
    )


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty.png", b"", "is empty"),
        ("note.png", b"not a picture at all", "no picture that is known"),
        ("cut.png", encoded(TILE)[:3000], "broken or cut off"),
        ("bomb.png", huge(60_000), "claims 3,600,000,000 pixels"),
        ("old.gif", b"GIF89a" + bytes(40), "is a GIF"),
    ],
)
def test_hostile_files_are_answered_with_a_sentence(tmp_path, name, data, says):
    certificate.identity()
    with pytest.raises(Fault, match=says):
        verify(written(tmp_path / name, data))


@pytest.mark.parametrize("fmt", ["png", "jpeg", "webp", "svg"])
def test_a_cut_file_is_never_called_intact(tmp_path, fmt):
    signed = sign(SVG if fmt == "svg" else encoded(TILE[:16, :16], fmt), fmt, MADE)
    for end in range(1, len(signed), len(signed) // 8):
        try:
            verdict = verify(written(tmp_path / f"a.{fmt}", signed[:end])).verdict
        except Fault:
            continue  # too little is left to be a picture
        assert verdict in ("altered", "nothing")


def test_the_command_answers_with_an_exit_code(tmp_path):
    path = written(tmp_path / "note.png", b"hello")
    call = [sys.executable, "-m", "pilots.creative", "verify"]
    said = subprocess.run([*call, str(path)], capture_output=True, text=True, check=False)
    assert (said.returncode, said.stdout, said.stderr.count("\n")) == (2, "", 1)
