"""Fixtures: a Postgres for the session, a stack for a module; a test that kills something makes its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from harness import Postgres, Stack  # noqa: E402
from harness.process import ROOT  # noqa: E402
from scripted.world import World  # noqa: E402


@pytest.fixture(scope="session")
def postgres():
    server = Postgres(settings=("fsync=off",))  # the tests kill processes, not the machine
    yield server
    server.destroy()


@pytest.fixture(scope="module")
def stack(postgres):
    running = Stack(postgres)
    yield running
    running.destroy()


@pytest.fixture(scope="module")
def world(postgres, tmp_path_factory):
    """A stack with a scripted provider of each dialect."""
    running = World(postgres, tmp_path_factory.mktemp("registry"))
    yield running
    running.destroy()


@pytest.fixture
def make_stack(postgres):
    """For tests that break things or need their own shape: make_stack(replicas=2, …)."""
    made = []

    def make(**options):
        running = Stack(options.pop("postgres", postgres), **options)
        made.append(running)
        return running

    yield make
    for running in made:
        running.destroy()


@pytest.fixture(scope="session")
def packages():
    """The Debian packages by what they hold. The programs in them, with their symbols, are in build/package/bin."""
    run = subprocess.run([ROOT / "script" / "package"], capture_output=True, text=True, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    found = {re.search(r"tollgate-(\w+)_", line)[1]: ROOT / line for line in run.stdout.split() if line.endswith(".deb")}
    assert found.keys() == {"controlplane", "dataplane", "cli"}
    return found
