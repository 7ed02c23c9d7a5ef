"""The three programs under test, with their state in a folder of their own so that they can start again on it.

`command` replaces the program's path: a program of another build, or one under a tool, such as ["valgrind", path].
"""

import json
import secrets
from pathlib import Path

import httpx

from .process import Process, ROOT, binary, free_port
from .postgres import SERVICE_ROLE


class Provider(Process):
    """The provider simulator, and its own log of what it billed: the truth that the ledger is held against."""

    def __init__(self, folder, port=None, *flags, has_log=True):
        folder = Path(folder)
        self.port = port or free_port()
        self.key = "sk-provider-" + secrets.token_hex(8)
        self.billing_log = folder / "billed.jsonl"
        super().__init__(
            "provider", [binary("tollgate-provider-simulator"), "--host", "127.0.0.1", "--port", self.port,
                         "--key", self.key, *(["--log", self.billing_log] if has_log else []), *flags],
            folder / "provider.log", ready=self.answers)

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"

    def answers(self):
        return answers(f"{self.base_url}/models", {"authorization": f"Bearer {self.key}"})

    def billed(self):
        """Every request that the provider billed."""
        if not self.billing_log.exists():
            return []
        return [json.loads(line) for line in self.billing_log.read_text().splitlines()]


class ControlPlane(Process):
    def __init__(self, folder, postgres, database, certificates, command=None, **settings):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.api_port = free_port()
        self.stream_port = free_port()
        self.token = "admin-" + secrets.token_hex(16)
        (folder / "admin.token").write_text(self.token)
        (folder / "admin.token").chmod(0o600)
        (folder / "seal.key").write_text(secrets.token_hex(32))
        (folder / "seal.key").chmod(0o600)
        certificate, key = certificates.controlplane
        self.configuration = {
            "TOLLGATE_CONTROLPLANE_DATABASE_URL": postgres.url(database, SERVICE_ROLE),
            "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATE_URL": postgres.url(database, "owner"),
            "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATIONS_DIR": str(ROOT / "migrations"),
            "TOLLGATE_CONTROLPLANE_API_HOST": "127.0.0.1",
            "TOLLGATE_CONTROLPLANE_API_PORT": str(self.api_port),
            "TOLLGATE_CONTROLPLANE_STREAM_HOST": "127.0.0.1",
            "TOLLGATE_CONTROLPLANE_STREAM_PORT": str(self.stream_port),
            "TOLLGATE_CONTROLPLANE_STREAM_CERTIFICATE_FILE": str(certificate),
            "TOLLGATE_CONTROLPLANE_STREAM_KEY_FILE": str(key),
            "TOLLGATE_CONTROLPLANE_STREAM_CLIENT_CA_FILE": str(certificates.ca),
            "TOLLGATE_CONTROLPLANE_SEAL_KEY_FILE": str(folder / "seal.key"),
            "TOLLGATE_CONTROLPLANE_ADMIN_TOKEN_FILE": str(folder / "admin.token"),
        } | {f"TOLLGATE_CONTROLPLANE_{key.upper()}": str(value) for key, value in settings.items()}
        super().__init__("controlplane", [*(command or [binary("tollgate-controlplane")]), "serve"],
                         folder / "controlplane.log", env=self.configuration, ready=self.answers)

    def answers(self):
        return answers(f"{self.url}/readyz")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.api_port}"


class DataPlane(Process):
    """One replica. `start()` after `kill()` is the same replica on the same disk."""

    def __init__(self, folder, name, stream_port, certificates, command=None, **settings):
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        self.replica = name
        self.port = free_port()
        self.admin_port = free_port()
        self.state = folder / "state"
        self.state.mkdir(exist_ok=True)
        certificate, key = certificates.replica(name)
        self.configuration = {
            "TOLLGATE_DATAPLANE_REPLICA_NAME": name,
            "TOLLGATE_DATAPLANE_LISTEN_HOST": "127.0.0.1",
            "TOLLGATE_DATAPLANE_LISTEN_PORT": str(self.port),
            "TOLLGATE_DATAPLANE_ADMIN_HOST": "127.0.0.1",
            "TOLLGATE_DATAPLANE_ADMIN_PORT": str(self.admin_port),
            "TOLLGATE_DATAPLANE_STREAM_HOST": "127.0.0.1",
            "TOLLGATE_DATAPLANE_STREAM_PORT": str(stream_port),
            "TOLLGATE_DATAPLANE_STREAM_CA_FILE": str(certificates.ca),
            "TOLLGATE_DATAPLANE_STREAM_CERTIFICATE_FILE": str(certificate),
            "TOLLGATE_DATAPLANE_STREAM_KEY_FILE": str(key),
            "TOLLGATE_DATAPLANE_STATE_DIR": str(self.state),
        } | {f"TOLLGATE_DATAPLANE_{key.upper()}": str(value) for key, value in settings.items()}
        super().__init__(f"dataplane {name}", command or [binary("tollgate-dataplane")], folder / f"{name}.log",
                         env=self.configuration, ready=self.answers)

    def answers(self):
        return answers(f"http://127.0.0.1:{self.admin_port}/readyz")

    @property
    def root_url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self):
        """What an OpenAI SDK takes as its base URL."""
        return f"{self.root_url}/v1"

    def metrics(self):
        """The sum of each metric over its labels, by name."""
        sums = {}
        for line in httpx.get(f"http://127.0.0.1:{self.admin_port}/metrics", trust_env=False).text.splitlines():
            if line and not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                name = name.split("{", 1)[0]
                sums[name] = sums.get(name, 0) + float(value)
        return sums


def answers(url, headers=None):
    try:
        return httpx.get(url, headers=headers, timeout=5.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False
