"""Where a picture comes from, said so that it can be checked: a signed credential and a watermark.

sign(data, fmt, made) -> bytes      C2PA credential and XMP, in a PNG, WebP, JPEG or SVG
mark(rgb, key(), where) -> rgb      the watermark, in continuous-tone base colour, before the picture is encoded
verify(path) -> Finding             what a file says of itself, and whether that is true
"""

from pilots.creative.provenance.certificate import key
from pilots.creative.provenance.credential import sign
from pilots.creative.provenance.finding import Finding, verify
from pilots.creative.provenance.made import Made
from pilots.creative.provenance.watermark import mark

__all__ = ["Finding", "Made", "key", "mark", "sign", "verify"]
