"""The certificates of the two planes, made by the same script that an administrator runs."""

import subprocess
from pathlib import Path

from .process import ROOT


class Certificates:
    """ca, the control plane's server certificate, and one client certificate per replica name."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.make("controlplane", "127.0.0.1", "localhost")

    def make(self, kind, *names):
        subprocess.run([ROOT / "deploy" / "make-certificates", self.folder, kind, *names], check=True,
                       stdout=subprocess.DEVNULL)

    def replica(self, name):
        certificate = self.folder / f"replica-{name}.crt"
        if not certificate.exists():
            self.make("replica", name)
        return certificate, self.folder / f"replica-{name}.key"

    @property
    def ca(self):
        return self.folder / "ca.crt"

    @property
    def controlplane(self):
        return self.folder / "controlplane.crt", self.folder / "controlplane.key"
