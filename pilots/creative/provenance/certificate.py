"""The certificate that signs, and the key of the watermark: made on first use, in the user's own config folder.

Nobody has checked who made it: it says "the same machine as before", never a name. The root's private key is forgotten
at once, so that nothing else can ever be signed under it.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from common import atomic
from common.fault import Fault

# Without a time stamp from elsewhere a signature is good for as long as its certificate.
VALID = timedelta(days=20 * 365)
EARLIER = timedelta(days=1)  # clocks of two machines differ
ORGANISATION = "Self-made certificate, identity not verified"
FILES = ("private_key.pem", "chain.pem", "root.pem", "watermark.key")


@dataclass(frozen=True)
class Identity:
    """private key, chain (leaf first), root: PEM; watermark: 32 bytes."""

    private: bytes
    chain: bytes
    root: bytes
    watermark: bytes

    def __repr__(self) -> str:
        return "Identity(…)"  # the private key must not reach a log


def folder() -> Path:
    """Where the identity lives: XDG_CONFIG_HOME, %APPDATA% or ~/Library/Application Support."""
    if os.environ.get("XDG_CONFIG_HOME"):
        base = Path(os.environ["XDG_CONFIG_HOME"])
    elif sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path.home() / ".config"
    return base / "sector-ai-pilots" / "creative"


def identity() -> Identity:
    """This machine's own, made now if there is none yet."""
    return existing() or _make(folder())


def key() -> bytes:
    """This machine's key of the watermark."""
    return identity().watermark


def existing() -> Identity | None:
    """This machine's own; None where nothing was ever signed."""
    home = folder()
    if not home.exists():
        return None
    read = []
    for name in FILES:
        path = home / name
        if not path.is_file() or not path.stat().st_size:
            raise Fault(
                f"{path} is missing or empty: put it back, or move the folder {home} away and a new certificate is made"
            )
        read.append(path.read_bytes())
    return Identity(*read)


def _make(home: Path) -> Identity:
    home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with atomic.new_folder(home) as hidden:
            hidden.chmod(0o700)
            for name, data in zip(FILES, (*_certificates(), secrets.token_bytes(32)), strict=True):
                with open(os.open(hidden / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(data)
    except (Fault, OSError):
        if not home.exists():  # else another process was first: its folder is whole
            raise
    made = existing()
    assert made is not None
    return made


def _certificates() -> tuple[bytes, bytes, bytes]:
    """Private key, chain and root as C2PA 2.2 §14.5 asks of them: ES256, the leaf for signing documents."""
    began, name = datetime.now(UTC) - EARLIER, f"pilot-creative {secrets.token_hex(4)}"
    root_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root_name, leaf_name = _name(f"{name} root"), _name(name)
    root = _signed(root_name, root_key, root_name, root_key, began, authority=True)
    leaf = _signed(leaf_name, leaf_key, root_name, root_key, began, authority=False)
    pem = serialization.Encoding.PEM
    private = leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return private, leaf.public_bytes(pem) + root.public_bytes(pem), root.public_bytes(pem)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION), x509.NameAttribute(NameOID.COMMON_NAME, common)]
    )


def _signed(
    subject: x509.Name,
    holder: ec.EllipticCurvePrivateKey,
    issuer: x509.Name,
    issuer_key: ec.EllipticCurvePrivateKey,
    began: datetime,
    authority: bool,
) -> x509.Certificate:
    usage = dict.fromkeys(
        (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage["key_cert_sign" if authority else "digital_signature"] = True
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(holder.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(began)
        .not_valid_after(began + VALID)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(holder.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if not authority:
        made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    return made.sign(issuer_key, hashes.SHA256())
