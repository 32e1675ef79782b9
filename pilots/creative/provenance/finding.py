"""What can be said of a file: its credential, whether it was changed since, and the watermark."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.fault import Fault
from pilots.creative.pictures.read import content, decode
from pilots.creative.provenance import certificate, credential, watermark
from pilots.creative.provenance.made import WATERMARKED

WORDS = {  # beginnings of C2PA's codes (2.2 §15.2) and what they mean to a person
    "assertion.dataHash": "the picture or its metadata",
    "assertion.": "a statement of the credential",
    "claim": "the credential's signature or what it covers",
    "container": "the box that holds the credential",
    "signingCredential": "the certificate",
    "the credential cannot be read": "the credential, which can no longer be read",
}


@dataclass(frozen=True)
class Finding:
    """Of one file.

    verdict      ours, others, altered, watermark or nothing
    sentence     the same for a person
    issuer       what the certificate says of its owner, which nobody has verified
    problems     C2PA's own words on what is wrong
    made         facts of the credential; of an altered file they are hearsay
    ingredients  names of the pictures it was made from
    z, threshold of the watermark, in standard deviations; None where there was nothing to search
    watermark    the same for a person
    """

    file: str
    verdict: str
    sentence: str
    issuer: str = ""
    problems: tuple[str, ...] = ()
    made: dict[str, Any] | None = None
    ingredients: tuple[str, ...] = ()
    z: float | None = None
    threshold: float | None = None
    watermark: str = ""

    def facts(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def verify(path: str | Path) -> Finding:
    """A Fault where the file is no picture, or is broken and has no credential that could say more."""
    data, me = content(path), certificate.existing()
    fmt = credential.kind_of(data)
    if fmt is None:
        decode(data, str(path))  # its refusal says what the file is
        raise Fault(f"{path} is no PNG, JPEG, WebP or SVG")
    said = credential.read(data, fmt, me)
    found, note = _watermark(data, fmt, str(path), me, said)
    if said is None:
        verdict, sentence = _unsigned(found, me, fmt)
        return Finding(str(path), verdict, sentence, watermark=note, **_numbers(found))
    verdict, sentence = _signed(said)
    return Finding(
        file=str(path),
        verdict=verdict,
        sentence=sentence,
        issuer=said.issuer,
        problems=said.problems,
        made=said.facts,
        ingredients=said.ingredients,
        watermark=note,
        **_numbers(found),
    )


def _signed(said: credential.Credential) -> tuple[str, str]:
    if said.state == "Trusted":
        return "ours", "signed by this machine (identity not verified) and intact"
    if said.state == "Valid":
        owner = said.issuer or "nothing"
        return (
            "others",
            f"signed with somebody else's certificate and intact; of its owner it says: {owner} (not verified)",
        )
    parts = [
        next((words for start, words in WORDS.items() if problem.startswith(start)), "the credential")
        for problem in said.problems
        if len(said.problems) == 1 or not problem.startswith("signingCredential.untrusted")
    ]
    what = " and ".join(dict.fromkeys(parts)) or "the credential"
    return "altered", f"altered since it was signed: {what} is not what was signed"


def _unsigned(found: watermark.Found | None, me: certificate.Identity | None, fmt: str) -> tuple[str, str]:
    if found and found.ours:
        return "watermark", (
            "no credential, but this machine's watermark: drawn here, then changed or saved by another program"
        )
    if me is None:
        why = "no credential, and this machine has no key yet with which a watermark could be searched"
    elif fmt == "svg":
        why = "no credential, and an SVG has no watermark"
    else:
        why = "neither a credential nor this machine's watermark"
    return "nothing", f"{why}: nothing can be said of where it comes from"


def _watermark(
    data: bytes, fmt: str, name: str, me: certificate.Identity | None, said: credential.Credential | None
) -> tuple[watermark.Found | None, str]:
    """What was found, and a sentence about it."""
    kind = said.facts.get("kind") if said else None
    if fmt == "svg" or (kind is not None and kind not in WATERMARKED):
        return None, f"none; {'an SVG' if fmt == 'svg' else f'a {kind}'} carries the credential alone"
    if me is None:
        return None, "not searched: this machine has no key yet"
    try:
        picture = decode(data, name)
    except Fault as fault:
        if said is None:
            raise
        return None, f"not searched: {fault}"
    found = watermark.search(picture, me.watermark)
    words = "found" if found.ours else "not found"
    return found, f"{words} ({found.z:.1f} standard deviations; more than {found.threshold:.1f} are needed)"


def _numbers(found: watermark.Found | None) -> dict[str, float]:
    return {"z": round(found.z, 2), "threshold": round(found.threshold, 2)} if found else {}
