"""One picture read from a stranger: what it should give, and one sentence for all it should not."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from common.fault import Fault
from pilots.creative.pictures import read
from pilots.creative.pictures.read import decode, read_picture

RGB = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
TWO = {"save_all": True, "append_images": [Image.fromarray(255 - RGB)]}
ALPHA = np.linspace(0, 255, 600).round().astype(np.uint8).reshape(20, 30)


def encoded(picture, kind: str, **options) -> bytes:
    """A file's bytes, from an array or a picture of Pillow's."""
    picture = Image.fromarray(picture) if isinstance(picture, np.ndarray) else picture
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_claims(width: int, height: int) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def png_whose_pixels_claim_4_gb() -> bytes:
    data = encoded(RGB, "PNG")
    at = data.index(b"IDAT") - 4
    return data[:at] + b"\xff" + data[at + 1 :]


def close(found: np.ndarray, wanted: np.ndarray, most: float = 0.5) -> None:
    assert found.dtype == np.float32
    assert found.shape == wanted.shape
    assert found.flags.c_contiguous
    assert np.abs(found * 255 - wanted).max() <= most


def test_png_and_webp_without_loss_give_their_pixels(tmp_path):
    for ending, options in (("png", {}), ("webp", {"lossless": True})):
        (tmp_path / f"a.{ending}").write_bytes(encoded(RGB, ending.upper(), **options))
        close(read_picture(tmp_path / f"a.{ending}"), RGB, 0.001)


def test_jpeg_palette_and_one_bit_give_what_pillow_shows():
    smooth = cv2.resize(RGB[:4, :6], (30, 20))
    close(decode(encoded(smooth, "JPEG", quality=100, subsampling=0), "a.JPG"), smooth, 4)
    few = Image.fromarray(RGB).quantize(16)
    close(decode(encoded(few, "PNG"), "a.png"), np.asarray(few.convert("RGB")), 0.001)
    two = Image.fromarray(RGB).convert("1")
    close(decode(encoded(two, "PNG"), "a.png"), np.asarray(two.convert("RGB")), 0.001)


def test_sixteen_bits_and_grey_are_kept():
    deep = np.random.default_rng(1).integers(0, 65_536, (20, 30, 3)).astype(np.uint16)
    found = decode(cv2.imencode(".png", deep[..., ::-1])[1].tobytes(), "a.png")
    np.testing.assert_array_equal(np.round(found * 65_535), deep)
    found = decode(cv2.imencode(".png", deep[..., 0])[1].tobytes(), "height.png", linear=True)
    np.testing.assert_array_equal(np.round(found * 65_535), np.repeat(deep[..., :1], 3, axis=2))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_turned_as_exif_says(kind):
    """A white stroke along the top, drawn so that each orientation brings it back there."""
    stroke = np.zeros((32, 48), np.uint8)
    stroke[:8, :24] = 255  # top left: no two of the eight look alike
    undo = {1: [], 2: ["h"], 3: ["r", "r"], 4: ["v"], 5: ["t"], 6: ["r"], 7: ["t", "r", "r"], 8: ["r", "r", "r"]}
    moves = {"h": np.fliplr, "v": np.flipud, "r": np.rot90, "t": np.transpose}
    for turn, steps in undo.items():
        stored = stroke
        for step in steps:
            stored = moves[step](stored)
        exif = Image.Exif()
        exif[274] = turn
        found = decode(encoded(np.ascontiguousarray(stored), kind, exif=exif), f"a.{kind.lower()}")
        close(found, np.repeat(stroke[..., None], 3, axis=2), 40)


def test_transparent_places_show_the_mean_of_what_is_seen():
    hidden = np.dstack([RGB, ALPHA])
    weight = ALPHA[..., None] / 255
    mean = (RGB * weight).sum(axis=(0, 1)) / weight.sum()
    wanted = RGB * weight + mean * (1 - weight)
    close(decode(encoded(hidden, "PNG"), "a.png"), wanted, 0.01)
    close(decode(encoded(hidden, "WEBP", lossless=True, exact=True), "a.webp"), wanted, 0.01)
    half = np.full((8, 8, 4), (200, 100, 50, 255), np.uint8)
    half[:, 4:] = (0, 255, 0, 0)  # what an editor leaves behind where nothing is to be seen
    close(decode(encoded(half, "PNG"), "a.png"), np.full((8, 8, 3), (200, 100, 50)), 0.01)
    close(decode(encoded(half, "PNG"), "a.png", linear=True), half[..., :3], 0.01)


def wide_gamut() -> bytes:
    """A profile whose red and blue are exchanged: nobody's colours, but an effect nobody can miss."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile = profile.replace(b"rXYZ", b"TMPT").replace(b"bXYZ", b"rXYZ").replace(b"TMPT", b"bXYZ")
    for words in ("sRGB built-in", "sRGB"):
        profile = profile.replace(words.encode("utf-16-be"), "x".ljust(len(words), "x").encode("utf-16-be"))
    return bytes(profile)


def test_an_embedded_profile_is_applied_and_srgb_changes_nothing():
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    close(decode(encoded(RGB, "PNG", icc_profile=srgb), "a.png"), RGB, 0.001)
    swapped = encoded(RGB, "PNG", icc_profile=wide_gamut())
    close(decode(swapped, "a.png"), RGB[..., ::-1], 3)
    close(decode(swapped, "a.png", linear=True), RGB, 0.001)  # numbers have no colour


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"", "a.png", "is empty"),
        (b"hello", "a.png", "no picture that is known"),
        (b"GIF89a" + b"\0" * 50, "a.png", "is a GIF: save it as PNG"),
        (b"II*\0" + b"\0" * 50, "a.tif", "is a TIFF: save it as PNG"),
        (b"\0\0\0\x20ftypheic" + b"\0" * 50, "a.jpg", "HEIC"),
        (encoded(RGB, "PNG")[:-300], "a.png", "broken or cut off"),
        (encoded(RGB, "JPEG")[:-60], "a.jpg", "broken or cut off"),
        (encoded(RGB, "WEBP")[:-30], "a.webp", "broken or cut off"),
        (encoded(RGB, "PNG")[:100] + b"?" + encoded(RGB, "PNG")[101:], "a.png", "broken or cut off"),
        (encoded(RGB, "JPEG"), "a.png", "holds a JPEG but its name ends in '.png': rename it to end in .jpg"),
        (encoded(RGB, "PNG"), "a", "rename it to end in .png"),
        (png_that_claims(100_000, 100_000), "a.png", "claims 10,000,000,000 pixels"),
        (png_that_claims(10_000, 9_000), "a.png", "claims 10,000 x 9,000 pixels"),
        (png_whose_pixels_claim_4_gb(), "a.png", "are claimed): export or copy it again"),
        (encoded(Image.fromarray(RGB).convert("CMYK"), "JPEG"), "a.jpg", "is in CMYK"),
        (encoded(np.dstack([RGB, ALPHA * 0]), "PNG"), "a.png", "transparent everywhere"),
        (encoded(RGB, "PNG", icc_profile=b"garbage" * 40), "a.png", "colour profile that cannot be applied"),
        (encoded(RGB, "PNG", **TWO), "a.png", "animation of 2 pictures"),
        (encoded(RGB, "WEBP", **TWO), "a.webp", "animation of 2 pictures"),
    ],
)
def test_what_is_not_one_whole_picture_is_answered_with_a_sentence(data, name, words):
    with pytest.raises(Fault) as sentence:
        decode(data, name)
    assert str(sentence.value).startswith(name)
    assert words in str(sentence.value)
    assert "\n" not in str(sentence.value)


def test_pixels_are_counted_before_one_is_decoded(monkeypatch):
    """Ten billion would need 30 GB: the header alone decides."""
    monkeypatch.setattr(read.cv2, "imdecode", lambda *_: pytest.fail("decoded"))
    monkeypatch.setattr(Image.Image, "load", lambda *_: pytest.fail("decoded"))
    for side in (8_200, 100_000):
        with pytest.raises(Fault, match="claims"):
            decode(png_that_claims(side, side), "a.png")


def test_what_is_no_file_or_too_long_is_not_read(tmp_path, monkeypatch):
    with pytest.raises(Fault, match="is not a file"):
        read_picture(tmp_path)
    for name in ("a\0.png", "\ud800.png"):
        with pytest.raises(Fault, match="cannot be the name of a file"):
            read_picture(name)
    monkeypatch.setattr(read, "MOST_BYTES", 10)
    (tmp_path / "a.png").write_bytes(encoded(RGB, "PNG"))
    with pytest.raises(Fault, match="bytes; a picture has 10 at most"):
        read_picture(tmp_path / "a.png")


FILES = {kind: encoded(RGB[:9, :7], kind) for kind in ("PNG", "JPEG", "WEBP")}


@settings(max_examples=60)
@given(st.sampled_from(sorted(FILES)), st.data())
def test_damaged_bytes_give_a_picture_or_a_sentence(kind, data):
    """Cut off anywhere, with bytes exchanged anywhere."""
    file = bytearray(FILES[kind][: data.draw(st.integers(0, len(FILES[kind])))])
    for at in data.draw(st.lists(st.integers(0, max(0, len(file) - 1)), max_size=4)) if file else []:
        file[at] = data.draw(st.integers(0, 255))
    _picture_or_sentence(bytes(file), kind)


@settings(max_examples=60)
@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 ", b""]), st.binary(max_size=200))
def test_random_bytes_give_a_picture_or_a_sentence(first, rest):
    _picture_or_sentence(first + rest, "PNG")


def _picture_or_sentence(data: bytes, kind: str) -> None:
    try:
        found = decode(data, f"a.{kind.lower()}")
    except Fault as sentence:
        assert str(sentence).startswith("a.")  # noqa: PT017
    else:
        assert found.dtype == np.float32
        assert found.ndim == 3
        assert ((found >= 0) & (found <= 1)).all()
