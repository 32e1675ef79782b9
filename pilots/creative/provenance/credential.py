"""Content credentials (C2PA 2.2) by c2pa-python: offline, with the machine's own certificate, without a thumbnail."""

from __future__ import annotations

import hashlib
import io
import json
import struct
from dataclasses import dataclass
from typing import Any

from c2pa import Builder, C2paError, C2paSignerInfo, C2paSigningAlg, Context, Reader, Signer

from common.fault import Fault
from pilots.creative.provenance import container, xmp
from pilots.creative.provenance.certificate import Identity, identity
from pilots.creative.provenance.made import Made

TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp", "svg": "image/svg+xml"}
PROGRAM = "pilot-creative"
CONTAINER = "container: bytes of the credential that no signature covers are not as they were written"
GENERATION = "org.sector-ai-pilots.generation"  # our own assertion
MINING = ("ai_generative_training", "ai_inference", "ai_training", "data_mining")  # CAWG training-mining 1.1
# Nothing may be fetched, neither a manifest from elsewhere nor a certificate's state.
OFFLINE = {
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False},
    "core": {"allowed_network_hosts": []},
}


@dataclass(frozen=True)
class Credential:
    """What stands in a file.

    state       Trusted (this machine's), Valid (somebody else's) or Invalid
    problems    codes of C2PA 2.2 §15 with their explanations, of a file that is Invalid
    facts       the generation's facts, {} where another program signed
    issuer      what the certificate says of its owner; nobody has verified it
    ingredients titles of the pictures it was made from
    others      their own credentials, byte by byte, where this program signed
    """

    state: str
    problems: tuple[str, ...]
    facts: dict[str, Any]
    issuer: str
    ingredients: tuple[str, ...]
    others: bytes = b""


def kind_of(data: bytes) -> str | None:
    """png, jpeg, webp or svg, by the first bytes; None for anything else."""
    if data.startswith(xmp.PNG):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    return "svg" if b"<svg" in data[:4096] else None


def sign(data: bytes, fmt: str, made: Made) -> bytes:
    """The file with XMP and a credential in it, its pixels untouched; fmt: png, jpeg (or jpg), webp or svg."""
    fmt = "jpeg" if fmt.lower() in ("jpg", "jpeg") else fmt.lower()
    if fmt not in TYPES:
        raise ValueError(f"fmt is one of {', '.join(TYPES)}, got {fmt!r}")
    me, facts = identity(), _facts(made)
    data = xmp.embed(data, fmt, made)
    signed = _signed(data, fmt, made, facts, me)
    if made.ingredient is not None and b"c2pa" in made.ingredient:
        # No signature of ours covers each byte of the ingredient's own credential, so ours states their hash.
        before = read(signed, fmt, me)
        if before and before.others:
            facts["ingredient"]["credential_sha256"] = _sha256(before.others)
            signed = _signed(data, fmt, made, facts, me)
    return signed


def _signed(data: bytes, fmt: str, made: Made, facts: dict[str, Any], me: Identity) -> bytes:
    builder = Builder(_manifest(made, fmt, facts), context=_context(me))
    if made.ingredient is not None:
        _name_the_picture(builder, made, made.ingredient)
    signer = Signer.from_info(C2paSignerInfo(C2paSigningAlg.ES256, me.chain, me.private, None))
    out = io.BytesIO()
    with signer, io.BytesIO(data) as source:
        builder.sign(signer, TYPES[fmt], source, out)
    return out.getvalue()


def read(data: bytes, fmt: str, me: Identity | None) -> Credential | None:
    """The credential of a file; None where it has none."""
    try:
        with Reader(TYPES[fmt], io.BytesIO(data), context=_context(me)) as reader:
            found, state = json.loads(reader.json()), reader.get_validation_state()
            name = found.get("active_manifest", "")
            whole = json.loads(reader.detailed_json()).get("manifests", {}).get(name, {})
    except C2paError.ManifestNotFound:
        return None
    except C2paError as err:
        if b"c2pa" not in data:  # what is broken is the file, and it never had one
            return None
        return Credential("Invalid", (f"the credential cannot be read ({err})",), {}, "", ())
    active = found.get("manifests", {}).get(name, {})
    failures = found.get("validation_results", {}).get("activeManifest", {}).get("failure", [])
    problems = tuple(f"{each['code']}: {each.get('explanation', '')}" for each in failures)
    facts = [each["data"] for each in active.get("assertions", []) if each["label"] == GENERATION]
    said, others = facts[0] if facts and isinstance(facts[0], dict) else {}, b""
    if state != "Invalid" and any(each.get("name") == PROGRAM for each in active.get("claim_generator_info", [])):
        try:
            others = _others(data, fmt, whole, name)
            stated = said["ingredient"].get("credential_sha256") if "ingredient" in said else None
            if stated != (_sha256(others) if others else None):
                raise ValueError
        except (AttributeError, KeyError, TypeError, ValueError, struct.error):  # or a stranger who uses our name
            state, problems = "Invalid", (CONTAINER,)
    return Credential(
        state=state or "Invalid",
        problems=problems,
        facts=said,
        issuer=active.get("signature_info", {}).get("issuer") or "",
        ingredients=tuple(each.get("title") or "" for each in active.get("ingredients", [])),
        others=others,
    )


def _others(data: bytes, fmt: str, whole: dict[str, Any], name: str) -> bytes:
    """Looks also at the bytes that no signature covers; C2PA itself says where they are."""
    (left_out,) = whole["assertion_store"]["c2pa.hash.data"]["exclusions"]
    return container.others(data, fmt, left_out["start"], left_out["length"], name)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _context(me: Identity | None) -> Context:
    trust = {"trust": {"trust_anchors": me.root.decode()}} if me else {}
    # "Created" assertions are the signer's own word; others would count as hearsay.
    labels = ["c2pa.actions.v2", GENERATION, "cawg.training-mining"]
    builder = {"builder": {"thumbnail": {"enabled": False}, "created_assertion_labels": labels}}
    return Context.from_dict({"version": 1, **OFFLINE, **trust, **builder})


def _facts(made: Made) -> dict[str, Any]:
    facts = made.facts()
    if made.ingredient is not None:
        facts["ingredient"] = {"name": made.picture, "sha256": _sha256(made.ingredient)}
    return facts


def _manifest(made: Made, fmt: str, facts: dict[str, Any]) -> dict[str, Any]:
    source = {"digitalSourceType": made.source_type}
    actions = [{"action": "c2pa.created", **source}]
    if made.ingredient is not None:
        opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": ["picture"]}}
        changed = "c2pa.color_adjustments" if made.kind == "palette" else "c2pa.edited"
        actions = [opened, {"action": changed, **source}]
    mining = {f"cawg.{use}": {"use": "notAllowed"} for use in MINING}
    return {
        "claim_generator_info": [{"name": PROGRAM}],
        "title": made.name,
        "format": TYPES[fmt],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": GENERATION, "data": facts},
            {"label": "cawg.training-mining", "data": {"entries": mining}},
        ],
    }


def _name_the_picture(builder: Builder, made: Made, picture: bytes) -> None:
    """As the parent of what was made; its own credential, if it has one, travels along."""
    fmt = kind_of(picture)
    if fmt is None:
        raise Fault(f"{made.picture} is no PNG, JPEG or WebP: save it as one of them")
    says = {"title": made.picture, "relationship": "parentOf", "label": "picture"}
    try:
        builder.add_ingredient(says, TYPES[fmt], io.BytesIO(picture))
    except C2paError as err:
        raise Fault(f"{made.picture} cannot be named in the credential ({err}): save it again as PNG") from err
