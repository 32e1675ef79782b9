"""What other programs read: XMP in every format, and the settings as text in a PNG. Written before signing.

Only bytes are moved: the picture itself is neither decoded nor encoded again.
"""

from __future__ import annotations

import json
import re
import struct
import zlib
from xml.sax.saxutils import escape, quoteattr

from pilots.creative.provenance.made import Made

PNG, JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
TEXT = "pilot-creative"  # keyword of the PNG's text chunk
PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'  # the id is the standard's own (ISO 16684-1 §7.3.2)
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmp:CreatorTool="pilot-creative" Iptc4xmpExt:DigitalSourceType={source}>'
    '<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
    '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="r"?>'
)


def embed(data: bytes, fmt: str, made: Made) -> bytes:
    """The same picture with XMP in it; fmt: png, jpeg, webp or svg."""
    packet = PACKET.format(source=quoteattr(made.source_type), title=escape(made.name))
    if fmt == "png":
        return _png(data, {"XML:com.adobe.xmp": packet, TEXT: json.dumps(made.facts(), ensure_ascii=False)})
    return {"jpeg": _jpeg, "webp": _webp, "svg": _svg}[fmt](data, packet)


def settings(data: bytes) -> dict | None:
    """The facts that a PNG's text holds; None where there are none. For tests and for whoever wants to draw again."""
    found = re.search(rb"(.{4})iTXt" + TEXT.encode() + rb"\0\0\0\0\0", data, re.DOTALL)
    if not found:
        return None
    end = found.start() + 8 + struct.unpack(">I", found[1])[0]
    return json.loads(data[found.end() : end])


def _png(data: bytes, texts: dict[str, str]) -> bytes:
    """iTXt chunks (PNG 3rd edition §11.3.3.4) behind IHDR, the first chunk: 8 + 25 bytes."""
    chunks = b""
    for keyword, text in texts.items():
        body = b"iTXt" + keyword.encode("latin-1") + b"\0\0\0\0\0" + text.encode()
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return b"".join((data[:33], chunks, memoryview(data)[33:]))  # one copy of what may be 40 MB


def _jpeg(data: bytes, packet: str) -> bytes:
    """An APP1 segment (XMP part 3 §1.1.3), behind JFIF's APP0 if there is one, which must stay first."""
    body = b"http://ns.adobe.com/xap/1.0/\0" + packet.encode()
    at = 2
    if data[2:4] == b"\xff\xe0":
        at += 2 + struct.unpack(">H", data[4:6])[0]
    return data[:at] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[at:]


def _webp(data: bytes, packet: str) -> bytes:
    """The extended format, VP8X first and XMP last (RFC 9649 §2.7); a simple file becomes an extended one."""
    chunks, at = [], 12
    while at + 8 <= len(data):
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        chunks.append((data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    name, body = chunks[0]
    if name == b"VP8X":
        head = bytes([body[0] | 4]) + body[1:]
        chunks = chunks[1:]
    else:
        if name == b"VP8L":  # 14 bits each of width - 1 and height - 1, then one that says whether there is alpha
            bits = struct.unpack("<I", body[1:5])[0]
            width, height, alpha = bits & 0x3FFF, bits >> 14 & 0x3FFF, bits >> 28 & 1
        else:
            width, height = (side & 0x3FFF for side in struct.unpack("<HH", body[6:10]))
            width, height, alpha = width - 1, height - 1, 0
        head = bytes([4 | alpha << 4, 0, 0, 0]) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    out = b"WEBP"
    for name, body in [(b"VP8X", head), *chunks, (b"XMP ", packet.encode())]:
        out += name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(out)) + out


def _svg(data: bytes, packet: str) -> bytes:
    """A metadata element as the first child (SVG 2 §5.10)."""
    start = re.search(rb"<svg\b[^>]*[^/]>", data)
    if start is None:
        raise ValueError("no svg element with content")
    inner = packet[packet.index("<x:xmpmeta") : packet.index("<?xpacket end")]
    return data[: start.end()] + f"<metadata>{inner}</metadata>".encode() + data[start.end() :]
