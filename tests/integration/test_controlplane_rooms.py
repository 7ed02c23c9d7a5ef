"""Rooms of the control plane alone, against a real Postgres: the test programs in books/ and stream/."""

import subprocess
from pathlib import Path

import pytest

from harness import Certificates
from harness.postgres import SERVICE_ROLE
from harness.process import ROOT, binary, clean_environment


@pytest.fixture
def migrated(postgres):
    database = postgres.create_database()
    subprocess.run([binary("tollgate-controlplane"), "migrate"], check=True, stdout=subprocess.DEVNULL,
                   env=clean_environment() | {
                       "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATE_URL": postgres.url(database, "owner"),
                       "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATIONS_DIR": str(ROOT / "migrations")})
    postgres.create_service_role()
    return postgres.url(database, "owner"), postgres.url(database, SERVICE_ROLE)


def run_program(name, *arguments):
    program = Path(binary("tollgate-controlplane")).parent.parent / "tests" / name
    run = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=300, env=clean_environment())
    assert run.returncode == 0, run.stdout + run.stderr


def test_bank_and_ledger_balance_under_concurrency(migrated):
    run_program("test_books", *migrated)


def test_reports_are_complete_and_exact(migrated):
    run_program("test_reports", *migrated)


@pytest.fixture
def certificates(tmp_path):
    made = Certificates(tmp_path / "certificates")
    for name in ("a", "b"):
        made.replica(name)
    return made.folder


def test_the_stream_serves_replicas_that_speak_nothing_but_the_protocol(migrated, certificates):
    run_program("test_stream", *migrated, certificates)


def test_wallets_bank_and_ledger_agree_also_when_the_database_is_lost_again_and_again(migrated, certificates):
    run_program("test_spending", *migrated, certificates)
