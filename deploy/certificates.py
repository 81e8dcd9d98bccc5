"""Makes an authority, and by it certificates for Elasticsearch and Kibana, in a folder for each.

    certificates.py FOLDER          makes what is missing or ends within a month

FOLDER/private    the authority's key; mounted here and nowhere else
FOLDER/authority  its certificate, `ca.crt`, for everybody who connects
FOLDER/NAME       `node.crt` and `node.key` of one server, for that server

May be run at any time; a server takes a new certificate at its next start.
"""

import datetime as dt
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

SERVERS = ("elasticsearch", "kibana")
AUTHORITY_LIFE = dt.timedelta(days=3650)
#: Browsers refuse certificates of servers that live longer than 398 days.
SERVER_LIFE = dt.timedelta(days=397)
RENEW_BEFORE = dt.timedelta(days=30)

Key = ec.EllipticCurvePrivateKey


def main(folder: Path) -> None:
    """Make what is missing or near its end."""
    now = dt.datetime.now(dt.UTC)
    key, authority = ensure_authority(folder, now)
    for name in SERVERS:
        if _is_good(folder / name / "node.crt", authority, now):
            print(f"{name}: certificate is good")
            continue
        make_server(folder / name, name, key, authority, now)
        print(f"{name}: certificate made")


def ensure_authority(folder: Path, now: dt.datetime) -> tuple[Key, x509.Certificate]:
    """Return the authority, made when there is none."""
    key_file, file = folder / "private" / "ca.key", folder / "authority" / "ca.crt"
    if key_file.exists() and file.exists():
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise SystemExit(f"{key_file}: not a key of ours")
        return key, x509.load_pem_x509_certificate(file.read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Newsline stack authority")
    uses = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _draft(name, name, key, now, AUTHORITY_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(uses, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    _write_key(key_file, key)
    _write(file, certificate.public_bytes(serialization.Encoding.PEM), 0o644)
    return key, certificate


def make_server(
    folder: Path, name: str, authority_key: Key, authority: x509.Certificate, now: dt.datetime
) -> None:
    """Make key and certificate of one server, under its name in compose and on this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    names = [x509.DNSName(name), x509.DNSName("localhost"), loopback]
    serves = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    certificate = (
        _draft(_name(name), authority.subject, key, now, SERVER_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(serves, critical=False)
        .add_extension(signer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    _write_key(folder / "node.key", key)
    _write(folder / "node.crt", certificate.public_bytes(serialization.Encoding.PEM), 0o644)


def _is_good(file: Path, authority: x509.Certificate, now: dt.datetime) -> bool:
    """Tell whether there is a certificate of this authority that lives for a while yet."""
    if not file.exists() or not file.with_suffix(".key").exists():
        return False
    certificate = x509.load_pem_x509_certificate(file.read_bytes())
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001 - by another authority, in whatever way
        return False
    return certificate.not_valid_after_utc - now > RENEW_BEFORE


def _draft(
    subject: x509.Name, issuer: x509.Name, key: Key, now: dt.datetime, life: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(minutes=5))  # clocks differ
        .not_valid_after(now + life)
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _write_key(file: Path, key: Key) -> None:
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    _write(file, key.private_bytes(serialization.Encoding.PEM, form, plain), 0o600)


def _write(file: Path, content: bytes, mode: int) -> None:
    """Write a file so that it is whole or not there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
        target.write(content)
    fresh.replace(file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
