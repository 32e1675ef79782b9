"""One picture of anybody's, read safely: a file in, red, green and blue out, or one sentence that says what is wrong.

Known left and right of the bundle. Pillow looks at the file (kind, size, frames, rotation, profile) and refuses what
is cut off; OpenCV decodes the pixels, 8 or 16 bits deep. Axes: H, W pixels, 3 = red, green, blue, C = as in the file.
"""

from __future__ import annotations

import io
import re
import stat
import warnings
from pathlib import Path

import cv2
import numpy as np
from PIL import ExifTags, Image, ImageCms

from common.fault import Fault

ENDINGS = {"PNG": (".png",), "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"), "WEBP": (".webp",)}
OTHERS = {  # what files begin with that people take for pictures of these kinds
    b"GIF8": "a GIF",
    b"BM": "a BMP",
    b"II*\0": "a TIFF",
    b"MM\0*": "a TIFF",
    b"8BPS": "a Photoshop file",
    b"v/1\1": "an OpenEXR file",
    b"%PDF": "a PDF",
    b"<svg": "an SVG",
}
MOST_PIXELS = 8192 * 8192  # an "8K" texture; decoded it fills about 1 GB of memory
MOST_BYTES = 8 * MOST_PIXELS  # 16-bit red, green, blue, alpha without any packing


def read_picture(path: str | Path, *, linear: bool = False) -> np.ndarray:
    """[H, W, 3] float32 in 0..1, encoded as sRGB; a Fault for whatever is not one whole picture.

    Turned as its EXIF says; an embedded ICC profile is applied; where the picture is transparent, the mean colour of
    what can be seen shows through, so that no strange colour comes in. Grey gives three equal planes.
    linear   numbers, not colours (height, roughness, normal): neither profile nor transparency is applied
    """
    return decode(content(path), str(path), linear=linear)


def content(path: str | Path) -> bytes:
    """The bytes of a file, no more than a picture may have."""
    path = Path(path)
    try:
        state = path.stat()
    except ValueError as err:  # from a JSON file a name may hold what no file system takes
        raise Fault(f"{str(path)!a} cannot be the name of a file ({err}): write the picture's name as it is") from err
    if not stat.S_ISREG(state.st_mode):
        raise Fault(f"{path} is not a file: name a PNG, JPEG or WebP")
    if state.st_size > MOST_BYTES:
        raise Fault(f"{path} has {state.st_size:,} bytes; a picture has {MOST_BYTES:,} at most: save it smaller")
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def decode(data: bytes, name: str, *, linear: bool = False) -> np.ndarray:
    """As read_picture, from the bytes of a file; `name` is for sentences, its ending must fit the content."""
    kind = _kind(data, name)
    bare = _pixels_alone(data, name) if kind == "PNG" else data
    try:
        # Odd metadata is no news for a person; what matters raises.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(data), formats=[kind]) as image:
            _check(image, name)
            image.load()  # stricter than OpenCV, which fills what is missing with grey
            turn = image.getexif().get(ExifTags.Base.Orientation, 1)
            profile = None if linear else image.info.get("icc_profile")
            pixels_HWC = cv2.imdecode(np.frombuffer(bare, np.uint8), cv2.IMREAD_UNCHANGED)
            if pixels_HWC is None or pixels_HWC.shape[:2] != (image.height, image.width):
                raise ValueError("no pixels")
        rgb_HW3, alpha_HW = _parts(pixels_HWC)
        if profile:
            rgb_HW3 = _in_srgb(rgb_HW3, profile, name)
    except Fault:
        raise
    except Image.DecompressionBombError as err:
        raise _too_large(name, f"{int(_first_number(err)):,}") from err
    except Exception as err:  # a stranger's bytes may raise anything in a decoder
        reason = f"{type(err).__name__}: {err}"[:120]
        raise Fault(f"{name} is broken or cut off ({reason}): export it or copy it again") from err
    if alpha_HW is not None and not linear:
        rgb_HW3 = _flat(rgb_HW3, alpha_HW, name)
    return np.ascontiguousarray(_turned(rgb_HW3, turn))


def _kind(data: bytes, name: str) -> str:
    """PNG, JPEG or WEBP, told from the content; the name's ending must say the same."""
    if not data:
        raise Fault(f"{name} is empty: export it or copy it again")
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = "PNG"
    elif data.startswith(b"\xff\xd8\xff"):
        kind = "JPEG"
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        kind = "WEBP"
    else:
        found = next((words for first, words in OTHERS.items() if data.startswith(first)), "no picture that is known")
        found = "a HEIC or AVIF" if data[4:8] == b"ftyp" else found
        raise Fault(f"{name} is {found}: save it as PNG, JPEG or WebP")
    ending = Path(name).suffix
    if ending.lower() not in ENDINGS[kind]:
        raise Fault(f"{name} holds a {kind} but its name ends in '{ending}': rename it to end in {ENDINGS[kind][0]}")
    return kind


def _pixels_alone(png: bytes, name: str) -> bytes:
    """The PNG with the chunks that make its pixels, and no more.

    A chunk that claims more bytes than there are keeps a decoder busy for minutes; oddities of other chunks, such as
    a profile that is read elsewhere, are printed by libpng.
    """
    kept, at = [png[:8]], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        end = at + 12 + length  # length, name, data, check sum
        if end > len(png):
            raise Fault(
                f"{name} is broken or cut off ({len(png):,} bytes, {end:,} are claimed): export or copy it again"
            )
        if png[at + 4 : at + 8] in (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"):
            kept.append(png[at:end])
        if png[at + 4 : at + 8] == b"IEND":
            break
        at = end
    return b"".join(kept)


def _check(image: Image.Image, name: str) -> None:
    """What the header says, before a pixel is decoded."""
    if image.width * image.height > MOST_PIXELS:
        raise _too_large(name, f"{image.width:,} x {image.height:,}")
    if image.format in ("PNG", "WEBP") and getattr(image, "is_animated", False):
        raise Fault(f"{name} is an animation of {image.n_frames} pictures: save the one you want as a PNG")
    if image.mode == "CMYK":
        raise Fault(
            f"{name} is in CMYK, inks of a printing press: convert it to RGB (sRGB) in your picture editor, where you "
            "see what becomes of its colours"
        )


def _too_large(name: str, pixels: str) -> Fault:
    return Fault(f"{name} claims {pixels} pixels; {MOST_PIXELS:,} (8,192 x 8,192) is the most: save it smaller")


def _first_number(err: Exception) -> str:
    found = re.search(r"\d+", str(err))
    return found.group() if found else str(2 * MOST_PIXELS)


def _parts(pixels_HWC: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Colour and, where there is one, alpha; float32 in 0..1."""
    most = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65_535}[pixels_HWC.dtype]
    if pixels_HWC.ndim == 2:
        pixels_HWC = np.repeat(pixels_HWC[..., None], 3, axis=2)
    rgb_HW3 = pixels_HWC[..., 2::-1].astype(np.float32) / np.float32(most)
    alpha_HW = pixels_HWC[..., 3].astype(np.float32) / np.float32(most) if pixels_HWC.shape[2] == 4 else None
    return rgb_HW3, alpha_HW


def _in_srgb(rgb_HW3: np.ndarray, profile: bytes, name: str) -> np.ndarray:
    """Colours as sRGB encodes them.

    The profile is applied to 8 bits, which is what LittleCMS takes here; what it changes is added to all the bits
    there are, so that a smooth 16-bit picture stays smooth.
    """
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = given.profile.xcolor_space.strip()
        if space not in ("RGB", "GRAY"):
            raise ImageCms.PyCMSError(f"it is for {space}")
        if ImageCms.getProfileDescription(given).startswith("sRGB"):
            return rgb_HW3
        bytes_HW3 = np.round(rgb_HW3 * 255).astype(np.uint8)
        source = Image.fromarray(bytes_HW3 if space == "RGB" else np.ascontiguousarray(bytes_HW3[..., 1]))
        target = ImageCms.createProfile("sRGB")
        intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
        became = ImageCms.profileToProfile(source, given, target, intent, outputMode="RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError) as err:
        raise Fault(
            f"{name} has an ICC colour profile that cannot be applied ({err}): save it with an sRGB profile"
        ) from err
    change_HW3 = (np.asarray(became, np.float32) - bytes_HW3) / np.float32(255)
    return np.clip(rgb_HW3 + change_HW3, 0, 1)


def _flat(rgb_HW3: np.ndarray, alpha_HW: np.ndarray, name: str) -> np.ndarray:
    """The picture on a ground of its own mean colour."""
    seen = float(alpha_HW.mean(dtype=np.float64))
    if seen == 0:
        raise Fault(f"{name} is transparent everywhere: there is nothing to see in it; save it without transparency")
    if seen == 1:
        return rgb_HW3
    alpha_HW1 = alpha_HW[..., None]
    ground_3 = (rgb_HW3 * alpha_HW1).mean(axis=(0, 1), dtype=np.float64) / seen
    return rgb_HW3 * alpha_HW1 + ground_3.astype(np.float32) * (1 - alpha_HW1)


def _turned(rgb_HW3: np.ndarray, turn: int) -> np.ndarray:
    """As the camera was held: EXIF orientation 1 to 8; other numbers mean nothing and are left alone."""
    if turn in (5, 6, 7, 8):
        rgb_HW3 = rgb_HW3.transpose(1, 0, 2)
    if turn in (2, 3, 6, 7):
        rgb_HW3 = rgb_HW3[:, ::-1]
    if turn in (3, 4, 7, 8):
        rgb_HW3 = rgb_HW3[::-1]
    return rgb_HW3
