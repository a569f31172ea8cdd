# SPDX-License-Identifier: MIT
"""A throw-away certificate authority and the server's certificate, also deliberately bad ones."""

import datetime
import ipaddress
import ssl
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VARIANTS = ("normal", "self-signed", "wrong-name", "expired", "tls1.1")
LOCAL_NAMES = [
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
]
DAY = datetime.timedelta(days=1)


def _name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _builder(subject, issuer, public_key, first_day, last_day):
    return (x509.CertificateBuilder()
            .subject_name(_name(subject)).issuer_name(_name(issuer)).public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(first_day).not_valid_after(last_day))


def _make_ca(today):
    key = ec.generate_private_key(ec.SECP256R1())
    usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
    certificate = (_builder("Local pool CA", "Local pool CA", key.public_key(),
                            today - DAY, today + 30 * DAY)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
                   .add_extension(usage, critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                       key.public_key()), critical=False)
                   .sign(key, hashes.SHA256()))
    return key, certificate


def _make_leaf(variant, today, ca_key):
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.DNSName("elsewhere.example")] if variant == "wrong-name" else LOCAL_NAMES
    last_day = today - DAY if variant == "expired" else today + 30 * DAY
    self_signed = variant == "self-signed"
    issuer = "localhost" if self_signed else "Local pool CA"
    signer = key if self_signed else ca_key
    certificate = (_builder("localhost", issuer, key.public_key(), today - 2 * DAY, last_day)
                   .add_extension(x509.SubjectAlternativeName(names), critical=False)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                   .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
                       signer.public_key()), critical=False)
                   .sign(signer, hashes.SHA256()))
    return key, certificate


def _pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


def _context(variant):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if variant == "tls1.1":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1_1
            context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    return context


def prepare(directory, variant="normal"):
    """Write ca.pem and server.pem into directory and return the server's TLS context.

    ca.pem always holds a sound authority; the bad variants are bad in server.pem only.
    """
    today = datetime.datetime.utcnow()
    ca_key, ca = _make_ca(today)
    key, leaf = _make_leaf(variant, today, ca_key)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    (directory / "ca.pem").write_bytes(_pem(ca))
    server_file = directory / "server.pem"
    server_file.touch(mode=0o600)
    server_file.write_bytes(private + _pem(leaf))
    context = _context(variant)
    context.load_cert_chain(server_file)
    return context
