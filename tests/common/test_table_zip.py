"""A CSV in a zip file: read where it is the only one, refused with a sentence where it could be meant to harm."""

from __future__ import annotations

import io
import struct
import zipfile
from contextlib import suppress

import pytest

from common import table_text
from common.fault import Fault
from common.table_text import unpack

TEXT = b"unit,hour\n" + b"".join(b"P1,%d\n" % n for n in range(2000))


def packed(*names: str, text: bytes = TEXT, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            archive.writestr(name, text)
    return buffer.getvalue()


@pytest.fixture
def read(tmp_path):
    def read(data: bytes) -> bytes:
        path = tmp_path / "pumps.zip"
        path.write_bytes(data)
        return unpack(path)

    return read


def refused(read, data: bytes) -> str:
    with pytest.raises(Fault) as fault:
        read(data)
    return str(fault.value)


@pytest.mark.parametrize("names", [("a.csv",), ("data/A.CSV", "readme.txt"), ("a.txt",), ("a.csv", "__MACOSX/._a.csv")])
def test_the_only_table_is_read(read, names):
    assert read(packed(*names)) == TEXT


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("a.txt", "b.txt")])
def test_of_two_tables_none_is_guessed(read, names):
    assert refused(read, packed(*names)) == (
        f"pumps.zip holds 2 tables ({', '.join(names)}): pack one CSV in it, or unpack it and name the file you mean"
    )


def test_an_empty_one(read):
    assert "pumps.zip holds no file" in refused(read, packed())


def test_a_workbook_is_no_table(read):
    assert "is a workbook" in refused(read, packed("[Content_Types].xml", "xl/workbook.xml"))


def test_one_packed_to_explode(read, monkeypatch):
    monkeypatch.setattr(table_text, "MAX_BYTES", 1 << 20)
    assert "pumps.zip holds more than 1 MiB of text" in refused(read, packed("a.csv", text=b"0" * (1 << 24)))


def test_one_that_lies_about_its_size(read, monkeypatch):
    monkeypatch.setattr(table_text, "MAX_BYTES", 1 << 10)
    data = bytearray(packed("a.csv"))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):  # unpacked size in both headers
        start = data.index(mark) + at
        data[start : start + 4] = struct.pack("<I", 100)
    assert "pumps.zip" in refused(read, bytes(data))


def test_one_of_countless_files(read, monkeypatch):
    monkeypatch.setattr(table_text, "MAX_DIRECTORY", 1 << 10)
    assert "too many files" in refused(read, packed(*(f"{n}.csv" for n in range(100)), text=b""))


def test_a_locked_one(read):
    data = bytearray(packed("a.csv"))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + at] |= 1
    assert "locked with a password" in refused(read, bytes(data))


def test_a_truncated_one(read):
    whole = packed("a.csv")
    for keep in (10, len(whole) // 2, len(whole) - 1):
        assert "pumps.zip" in refused(read, whole[:keep])


def test_every_damaged_byte_is_noticed_or_harmless(read):
    whole = packed("a.csv")
    for at in range(4, len(whole), 37):  # after the mark that says it is a zip file
        data = bytearray(whole)
        data[at] ^= 0xFF
        with suppress(Fault):
            assert read(bytes(data)) == TEXT
