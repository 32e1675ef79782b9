"""The bytes that no signature covers: the box that holds a credential.

A credential cannot hash the place it stands in, so C2PA leaves that place out, and readers overlook what is changed
there: names and lengths of boxes, some thousand bytes of padding, a PNG's checksum. Our own program writes these bytes
in one way only; whatever differs is a change.
Boxes: JUMBF (ISO 19566-5 §4) in C2PA 2.2 §11; the padding: C2PA 2.2 §13.2.
"""

from __future__ import annotations

import base64
import re
import struct
import zlib

UUID = bytes.fromhex("00110010800000aa00389b71")  # behind the four letters of a C2PA box (ISO 19566-5 Annex B)
STORE = b"c2pa" + UUID + b"\x03c2pa\0"
PARTS = {  # the three boxes of a manifest: how each begins
    "assertions": b"c2as" + UUID + b"\x03c2pa.assertions\0",
    "claim": b"c2cl" + UUID + b"\x03c2pa.claim.v2\0",
    "signature": b"c2cs" + UUID + b"\x03c2pa.signature\0",
}
# Toggles: may be asked for, has a label, has a salt (the private box); then label and salt.
ASSERTION = re.compile(rb"[a-z0-9]{4}" + re.escape(UUID) + rb"\x13[\x21-\x7e]+\0\0\0\0\x18c2sh.{16}", re.DOTALL)
# COSE_Sign1 (RFC 9052 §4.2): what is signed, then padding of zeros, no payload, 64 bytes of ES256.
SIGNATURE = re.compile(
    rb"\xd2\x84\x59(..)(.*)\xa1\x63pad(?:\x58|\x59)((?<=\x58).|(?<=\x59)..)(\0*)\xf6\x58\x40.{64}", re.DOTALL
)


def others(data: bytes, fmt: str, start: int, length: int, active: str) -> bytes:
    """The manifests of ingredients, as they stand in the file, out of the `length` bytes at `start`.

    A ValueError where the rest of those bytes is not as this program writes it. `active` names the file's own manifest.
    """
    store = _unwrapped(data[start : start + length], fmt)
    (begin, end, letters), *more = _boxes(store, 0, len(store))
    _must(letters == b"jumb", not more)
    described, *manifests, own = _boxes(store, begin, end)
    _must(store[described[0] : described[1]] == STORE, described[2] == b"jumd", own[2] == b"jumb")
    _own(store, own[0], own[1], active)
    return b"".join(store[begin - 8 : end] for begin, end, _ in manifests)


def _own(store: bytes, begin: int, end: int, active: str) -> None:
    """Every byte of the file's own manifest that no hash covers."""
    described, *parts = _boxes(store, begin, end)
    _must(described[2] == b"jumd", len(parts) == len(PARTS))
    _must(store[described[0] : described[1]] == b"c2ma" + UUID + b"\x03" + active.encode() + b"\0")
    for (begin, end, letters), (part, start) in zip(parts, PARTS.items(), strict=True):
        (first, last, kind), *inner = _boxes(store, begin, end)
        _must(letters == b"jumb", kind == b"jumd", store[first:last] == start)
        if part == "assertions":
            for begin, end, letters in inner:
                (first, last, kind), *_ = _boxes(store, begin, end)
                _must(letters == b"jumb", kind == b"jumd", ASSERTION.fullmatch(store[first:last]))
        else:
            ((first, last, kind),) = inner
            _must(kind == b"cbor")
        if part == "signature":
            _must(_closed(store[first:last]))


def _closed(signature: bytes) -> bool:
    """Whether both byte strings are as long as they say, and nothing but zeros pads the signature."""
    found = SIGNATURE.fullmatch(signature)
    return bool(found) and all(len(found[n + 1]) == int.from_bytes(found[n], "big") for n in (1, 3))


def _must(*truths: object) -> None:
    if not all(truths):
        raise ValueError


def _boxes(data: bytes, begin: int, end: int) -> list[tuple[int, int, bytes]]:
    """Begin and end of each box's content, and its four letters; they fill the space exactly."""
    found = []
    while begin < end:
        length, letters = struct.unpack_from(">I4s", data, begin)
        _must(8 <= length <= end - begin)
        found.append((begin + 8, begin + length, letters))
        begin += length
    _must(found)
    return found


def _unwrapped(place: bytes, fmt: str) -> bytes:
    """The store of manifests, without what the file format lays around it."""
    if fmt == "png":
        length, letters = struct.unpack_from(">I4s", place)
        _must(letters == b"caBX", length == len(place) - 12)
        _must(struct.unpack(">I", place[-4:])[0] == zlib.crc32(place[4:-4]))
        return place[8:-4]
    if fmt == "webp":
        letters, length = struct.unpack_from("<4sI", place)
        _must(letters == b"C2PA", length == len(place) - 8)
        return place[8:]
    if fmt == "jpeg":
        return _segments(place)
    store = base64.b64decode(place, validate=True)
    _must(base64.b64encode(store) == place)  # the last letter holds bits that mean nothing
    return store


def _segments(place: bytes) -> bytes:
    """APP11 segments of at most 64 kB; each but the first repeats the first's 8 bytes of box header."""
    store, number, at = b"", 0, 0
    while at < len(place):
        number += 1
        marker, length, kind, count = struct.unpack_from(">HH4sI", place, at)
        _must(marker == 0xFFEB, kind == b"JP\x02\x11", count == number, at + 2 + length <= len(place))
        part = place[at + 12 : at + 2 + length]
        if number > 1:
            _must(part[:8] == store[:8])
        store += part if number == 1 else part[8:]
        at += 2 + length
    return store
