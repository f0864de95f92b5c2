"""A certificate that nobody has signed but itself, for servers on 127.0.0.1; made by openssl."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Final

OPENSSL: Final = shutil.which("openssl")
"""None where it is missing: tests that need a certificate are left out there."""


def self_signed(folder: Path) -> tuple[Path, Path]:
    """(certificate, private key), two files in the folder."""
    assert OPENSSL is not None
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(cert)],
        check=True, capture_output=True, timeout=20,
    )  # fmt: skip
    return cert, key
