"""Hostile sample.npz: bombs, objects that would run code, headers that lie about what follows."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import numpy as np

from common.bundle.sample import UNPACKED_CAP

Archive = Callable[[zipfile.ZipFile], None]


def zip_bomb(archive: zipfile.ZipFile) -> None:
    """More zeros than a sample may hold, in a few hundred kB."""
    archive.writestr("in.readings.npy", _header((UNPACKED_CAP + 1,), "|i1") + bytes(UNPACKED_CAP + 1))


def bomb_that_understates_itself(archive: zipfile.ZipFile) -> None:
    """Says in the zip's directory that it unpacks to 128 bytes."""
    zip_bomb(archive)
    archive.filelist[0].file_size = 128


def object_that_runs_code(archive: zipfile.ZipFile) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.array([{"a": 1}], object))
    archive.writestr("in.readings.npy", buffer.getvalue())


def array_of_a_petabyte(archive: zipfile.ZipFile) -> None:
    archive.writestr("in.readings.npy", _header((2**50,), "<f8"))


def array_of_a_negative_length(archive: zipfile.ZipFile) -> None:
    archive.writestr("in.readings.npy", _header((-1, 4), "<f8") + bytes(64))


def words_of_a_gigabyte(archive: zipfile.ZipFile) -> None:
    archive.writestr("in.readings.npy", _header((2**20,), f"<U{2**28}"))


def code_in_the_header(archive: zipfile.ZipFile) -> None:
    text = b"{'descr': __import__('os').system('true'), 'fortran_order': False, 'shape': (1,)}\n"
    archive.writestr("in.readings.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(8))


def header_in_brackets(archive: zipfile.ZipFile) -> None:
    text = b"(" * 9000 + b"\n"
    archive.writestr("in.readings.npy", b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text)


def a_thousand_arrays(archive: zipfile.ZipFile) -> None:
    for number in range(1000):
        archive.writestr(f"in.a{number}.npy", _header((1,), "<f8") + bytes(8))


def names_that_climb_up(archive: zipfile.ZipFile) -> None:
    archive.writestr("../../../in.readings.npy", _header((1,), "<f8") + bytes(8))


def name_twice(archive: zipfile.ZipFile) -> None:
    for name in ("in.a.npy", "in.b.npy"):
        archive.writestr(name, _header((1,), "<f8") + bytes(8))
    archive.filelist[1].filename = "in.a.npy"


def other_names(archive: zipfile.ZipFile) -> None:
    archive.writestr("in.a.npy", _header((1,), "<f8") + bytes(8))
    archive.writestr("out.b.npy", _header((1,), "<f8") + bytes(8))


def _header(shape: tuple[int, ...], kind: str) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array_header_1_0(buffer, {"descr": kind, "fortran_order": False, "shape": shape})
    return buffer.getvalue()


ARCHIVES: tuple[Archive, ...] = (
    zip_bomb,
    bomb_that_understates_itself,
    object_that_runs_code,
    array_of_a_petabyte,
    array_of_a_negative_length,
    words_of_a_gigabyte,
    code_in_the_header,
    header_in_brackets,
    a_thousand_arrays,
    names_that_climb_up,
    name_twice,
    other_names,
)
NAMED = {archive.__name__.replace("_", " "): archive for archive in ARCHIVES}
CUT = {"no archive at all": b"", "first two letters of an archive": b"PK"}
CASES = dict.fromkeys([*NAMED, *CUT], r"sample\.npz")


def spoil(_: bytes, name: str) -> bytes:
    """A sample.npz of this kind."""
    if name in CUT:
        return CUT[name]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        NAMED[name](archive)
    return buffer.getvalue()
