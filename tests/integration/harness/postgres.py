"""A private Postgres: own data directory, unix socket only, an unprivileged user."""

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg

from .process import Process, clean_environment

SERVICE_ROLE = "tollgate_service"


def server_programs():
    for version in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (version / "initdb").exists():
            return version
    raise AssertionError("no Postgres server is installed: script/bootstrap test")


class Postgres:
    def __init__(self, settings=()):
        # A short path: a unix socket's name has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="tgpg-"))
        self.programs = server_programs()
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            account = pwd.getpwnam(self.user)
            os.chown(self.folder, account.pw_uid, account.pw_gid)
        subprocess.run(
            [self.programs / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "owner", "-E", "UTF8",
             "--locale=C.UTF-8", "--no-sync"],
            check=True, stdout=subprocess.DEVNULL, user=self.user, cwd=self.folder, env=clean_environment(),
        )
        self.process = Process(
            "postgres",
            [self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=",
             "-c", "max_connections=200", *(word for setting in settings for word in ("-c", setting))],
            self.folder.parent / f"{self.folder.name}.log", user=self.user, ready=self.answers,
        )
        self.databases = 0
        self.start()

    def start(self):
        self.process.start()

    def answers(self):
        try:
            with self.connect("postgres"):
                return True
        except psycopg.OperationalError:
            return False

    def connect(self, database):
        return psycopg.connect(self.url(database, "owner"), autocommit=True, connect_timeout=5)

    def url(self, database, role):
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def create_database(self):
        self.databases += 1
        name = f"tollgate_{self.databases}"
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return name

    def create_service_role(self):
        """The login that the control plane uses. The roles it is a member of come from the migrations."""
        with self.connect("postgres") as connection:
            exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [SERVICE_ROLE]).fetchone()
            if not exists:
                connection.execute(
                    f"CREATE ROLE {SERVICE_ROLE} LOGIN NOINHERIT NOSUPERUSER NOBYPASSRLS "
                    "IN ROLE tollgate_tenant, tollgate_platform"
                )

    def kill(self):
        """kill -9 of the postmaster and, as it falls, of its children."""
        self.process.kill()

    def stop(self):
        if self.process.child is not None:
            # SIGINT is Postgres's fast shutdown; it exits with 0 for it as for SIGTERM.
            self.process.child.send_signal(2)
            self.process.stop()

    def destroy(self):
        self.stop()
        shutil.rmtree(self.folder)
        self.process.log.unlink(missing_ok=True)
