"""From the bytes of a file that anyone may have sent to clean lines of text, before a parser sees it.

Size, compression, encoding, separator and the number of values in every line are settled here, so that a file that is
cut off, packed to explode or not a table at all is answered with a sentence and a line number.

Axis R: records below the header, blank ones included.
"""

from __future__ import annotations

import csv
import gzip
import io
import lzma
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.fault import Fault

MAX_BYTES = 512 << 20  # unpacked; parsed it needs about four times as much memory, what a laptop can spare
MAX_LINE_BYTES = 1 << 20  # the widest table allowed stays far below; one endless line is no table
MAX_COLUMNS = 5000
ZIP_END = 22 + 65_535  # bytes: the last record of a zip file and the longest comment it may hold
MAX_DIRECTORY = 1 << 20  # bytes; about 10,000 files
SEPARATORS = {"tab": "\t", "semicolon": ";", "comma": ",", "bar": "|", "space": " "}
NOT_TEXT = {
    b"\xd0\xcf\x11\xe0": "is an old workbook, not text: open it and save the sheet as CSV",
    b"PAR1": "is a Parquet file, not text: write it out as CSV",
    b"%PDF": "is a PDF, not text: ask for the same table as CSV",
    b"BZh": "is packed with bzip2: unpack it, or pack it with gzip, xz or zip",
    b"7z\xbc\xaf": "is a 7-Zip file: unpack it, or pack it with gzip or xz",
    b"\x28\xb5\x2f\xfd": "is packed with zstd: unpack it, or pack it with gzip or xz",
}
# Bytes below 32 that no table holds; tab, line feed, form feed and carriage return may stand in one.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")


@dataclass(frozen=True)
class Lines:
    """A file as text that a CSV parser reads without surprises.

    body     UTF-8 below the header, `\\n` line ends, every record with as many values as the header or blank
    line_R   1-based line in the user's file where each record of `body` begins
    blank_R  True where a record holds separators and spaces only
    """

    header: list[str]
    body: bytes
    separator: str
    line_R: np.ndarray
    blank_R: np.ndarray
    notes: list[str]


def read_lines(path: Path, separator: str | None = None) -> Lines:
    """Unpack, decode and check the shape of a file; `separator` None = find it."""
    data, notes = _decode(unpack(path), path)
    if not data.strip():
        raise Fault(f"{path.name} is empty: there is not even a line of column names in it")
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n"))
    longest = int(np.diff(ends, prepend=-1).max())
    if longest > MAX_LINE_BYTES:
        raise Fault(f"{path.name} has a line of {longest:,} bytes; over {MAX_LINE_BYTES:,} it is no table of values")
    line, start, separator = _find_header(data, separator)
    names, used = _cells(data[start : start + 2 * MAX_LINE_BYTES], separator, line, path)
    header = [name.strip() for name in names]
    _check_header(header, path)
    first = line - 1 + used  # lines above the body
    body = data[int(ends[first - 1]) + 1 :]
    line_R, fields_R, blank_R = _records(body, separator, first + 1, path)
    if blank_R.all():
        raise Fault(f"{path.name} holds column names and not one row of values below them")
    wrong_R = ~blank_R & (fields_R != len(header))
    if wrong_R.any():
        _ragged(path, line_R, fields_R, np.flatnonzero(wrong_R)[0], len(header), separator)
    return Lines(header, body, separator, line_R, blank_R, notes)


def unpack(path: Path) -> bytes:
    """The file's bytes; gzip, xz and zip are unpacked (told by their first bytes), never to more than MAX_BYTES."""
    if not path.exists():
        raise Fault(f"there is no file {path} (looked in {path.absolute().parent})")
    if not path.is_file():
        raise Fault(f"{path} is a folder or a device, not a file with a table")
    with path.open("rb") as file:
        magic = file.read(6)
    for start, what in NOT_TEXT.items():
        if magic.startswith(start):
            raise Fault(f"{path.name} {what}")
    if magic[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _capped(_unzip(path), path)
    opener = gzip.open if magic[:2] == b"\x1f\x8b" else lzma.open if magic == b"\xfd7zXZ\x00" else open
    try:
        with opener(path, "rb") as packed:
            data = packed.read(MAX_BYTES + 1)
    except EOFError as err:
        raise Fault(f"{path.name} ends in the middle of its packed data: copy or download it again") from err
    except (gzip.BadGzipFile, lzma.LZMAError, zlib.error) as err:
        raise Fault(f"{path.name} cannot be unpacked ({err}): copy or download it again") from err
    return _capped(data, path)


def _capped(data: bytes, path: Path) -> bytes:
    if len(data) > MAX_BYTES:
        raise Fault(f"{path.name} holds more than {MAX_BYTES >> 20} MiB of text: split it into several files")
    return data


def _unzip(path: Path) -> bytes:
    """The one CSV inside a zip file, read up to one byte over MAX_BYTES."""
    _check_directory(path)
    try:
        with zipfile.ZipFile(path) as archive:
            files = [file for file in archive.infolist() if not file.is_dir()]
            names = [file.filename for file in files]
            if "[Content_Types].xml" in names:
                raise Fault(f"{path.name} is a workbook, not text: open it and save the sheet as CSV")
            real = [file for file in files if not file.filename.startswith("__MACOSX/")]  # what Macs add
            tables = [file for file in real if file.filename.lower().endswith(".csv")] or real
            if len(tables) != 1:
                inside = (
                    f"{len(tables):,} tables ({', '.join(t.filename[:60] for t in tables[:5])})"
                    if tables
                    else "no file"
                )
                raise Fault(f"{path.name} holds {inside}: pack one CSV in it, or unpack it and name the file you mean")
            if tables[0].flag_bits & 1:
                raise Fault(f"{path.name} is locked with a password: unpack it first")
            with archive.open(tables[0]) as packed:
                return packed.read(MAX_BYTES + 1)
    except EOFError as err:
        raise Fault(f"{path.name} ends in the middle of its packed data: copy or download it again") from err
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError, ValueError) as err:
        raise Fault(f"{path.name} cannot be unpacked ({err}): copy or download it again") from err


def _check_directory(path: Path) -> None:
    """A zip file ends with a list of its files; one made to exhaust the memory is refused before it is read."""
    with path.open("rb") as file:
        file.seek(0, io.SEEK_END)
        file.seek(max(0, file.tell() - ZIP_END))
        end = file.read()
    at = end.rfind(b"PK\x05\x06")
    if at < 0 or len(end) < at + 22:
        raise Fault(f"{path.name} ends in the middle of its packed data: copy or download it again")
    if int.from_bytes(end[at + 12 : at + 16], "little") > MAX_DIRECTORY:
        raise Fault(f"{path.name} holds too many files: pack one CSV in it, or unpack it and name the file you mean")


def _decode(data: bytes, path: Path) -> tuple[bytes, list[str]]:
    """UTF-8 with `\\n` line ends and a last line end, and a note where the encoding had to be guessed."""
    notes = []
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            data = data.decode("utf-16").encode("utf-8")
        except UnicodeDecodeError as err:
            raise Fault(f"{path.name} begins as UTF-16 text and is not ({err.reason}): save it as UTF-8") from err
    data = data.removeprefix(b"\xef\xbb\xbf").rstrip(b"\x1a")  # byte order mark; end-of-file mark of DOS
    bad = CONTROL.search(data)
    if bad:
        line = data.count(b"\n", 0, bad.start()) + 1
        raise Fault(f"{path.name} line {line}: holds byte {bad.group()[0]}, so it is not a text file; save it as CSV")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as err:
        line = data.count(b"\n", 0, err.start) + 1
        data = data.decode("cp1252", errors="replace").encode("utf-8")
        notes.append(f"line {line} is not UTF-8: read as Windows-1252, so check names with accents or signs such as °")
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data.rstrip(b"\n") + b"\n", notes


def _find_header(data: bytes, separator: str | None) -> tuple[int, int, str]:
    """Line number and offset of the column names, and the separator."""
    line, start = 1, 0
    while not data[start : data.index(b"\n", start)].strip():
        line, start = line + 1, data.index(b"\n", start) + 1
    end = data.index(b"\n", start)
    declared = re.fullmatch(rb'"?sep=(.)"?\s*', data[start:end])  # first line of some Excel files
    if declared and end + 1 < len(data):
        line, start = line + 1, end + 1
        separator = separator or declared[1].decode("utf-8", "replace")
    if separator is None:
        head = data[start : start + 4 * MAX_LINE_BYTES].decode("utf-8", "ignore").split("\n")
        separator = _find_separator([text for text in head[:21] if text.strip()])
    separator = SEPARATORS.get(separator, separator)
    if len(separator) != 1 or ord(separator) > 127 or separator in '"\n\r.+-eE0123456789':
        raise Fault(f"separator {separator!r} is not one of {', '.join(SEPARATORS)}")
    return line, start, separator


def _find_separator(lines: list[str]) -> str:
    """The separator that cuts the first lines into equally many values.

    Tab and semicolon are asked first: where they fit, a comma is a decimal mark or part of a name.
    """
    bare = [re.sub(r'"[^"]*"', "", line) for line in lines]
    counts = {mark: [line.count(mark) for line in bare] for mark in "\t;,"}
    for mark, count in counts.items():
        if any(count) and len(set(count)) == 1:
            return mark
    return max(",;\t", key=lambda mark: counts[mark][:1])  # without any line a comma is as good as another


def _cells(head: bytes, separator: str, line: int, path: Path) -> tuple[list[str], int]:
    """Values of the first record and how many lines it takes (a quoted name may hold a line end)."""
    reader = csv.reader(io.StringIO(head.decode("utf-8", "ignore"), newline=""), delimiter=separator, strict=True)
    try:
        return next(reader), reader.line_num
    except (csv.Error, StopIteration) as err:
        raise Fault(f"{path.name} line {line}: the column names cannot be read ({err})") from err


def _check_header(header: list[str], path: Path) -> None:
    if len(header) > MAX_COLUMNS:
        raise Fault(f"{path.name} has {len(header):,} columns; at most {MAX_COLUMNS:,} are read")
    seen: dict[str, int] = {}
    for place, name in enumerate(header, start=1):
        if name and name in seen:
            raise Fault(
                f"{path.name} has two columns named '{name}', the {ordinal(seen[name])} and the {ordinal(place)}: "
                "give one of them another name in the file"
            )
        seen[name] = place


def _records(body: bytes, separator: str, line: int, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First line, number of values, and blank or not, of every record."""
    if b'"' in body:  # a quoted value may hold separators and line ends: slower, one record at a time
        return _quoted_records(body, separator, line, path)
    letters = np.frombuffer(body, np.uint8)
    ends = np.flatnonzero(letters == ord("\n"))

    def per_line(mark: str) -> np.ndarray:
        return np.diff(np.searchsorted(np.flatnonzero(letters == ord(mark)), ends), prepend=0)

    marks_R = per_line(separator)
    spaces_R = per_line(" ") if separator != " " else np.zeros_like(marks_R)
    length_R = np.diff(ends, prepend=-1) - 1
    return line + np.arange(len(ends)), marks_R + 1, length_R == marks_R + spaces_R


def _quoted_records(body: bytes, separator: str, line: int, path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lines, fields, blank = [], [], []
    reader = csv.reader(io.StringIO(body.decode("utf-8"), newline=""), delimiter=separator, strict=True)
    above = 0
    try:
        for record in reader:
            lines.append(line + above)
            fields.append(len(record))
            blank.append(not any(cell.strip() for cell in record))
            above = reader.line_num
    except csv.Error as err:
        where = line + above
        raise Fault(f'{path.name} line {where}: a quotation mark " opens and does not close as it should') from err
    return np.array(lines, int), np.array(fields, int), np.array(blank, bool)


def _ragged(path: Path, line_R: np.ndarray, fields_R: np.ndarray, row: int, width: int, separator: str) -> None:
    """Say which line has too few or too many values."""
    word = {mark: word for word, mark in SEPARATORS.items()}.get(separator, separator)
    last = row == len(line_R) - 1 and fields_R[row] < width
    remedy = "the file seems to be cut off there" if last else f"a value that holds a {word} must stand in quotes"
    count = f"{fields_R[row]} value{'s' if fields_R[row] != 1 else ''}"
    raise Fault(f"{path.name} line {line_R[row]} has {count} where there are {width} column names: {remedy}")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
