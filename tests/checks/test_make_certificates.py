"""deploy/make-certificates: what an administrator relies on, seen with openssl's eyes."""

import stat
import subprocess
from pathlib import Path

import pytest

MAKE_CERTIFICATES = Path(__file__).resolve().parents[2] / "deploy" / "make-certificates"


def make(folder, *arguments, check=True):
    return subprocess.run([MAKE_CERTIFICATES, folder, *arguments], check=check, capture_output=True, text=True)


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "certificates"
    make(made, "controlplane", "controlplane.example", "10.0.0.1", "::1")
    make(made, "replica", "replica-1", "b")
    return made


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_nobody_but_the_owner_can_read_a_file(folder):
    assert contents(folder).keys() == {
        "ca.crt", "ca.key", "controlplane.crt", "controlplane.key",
        "replica-replica-1.crt", "replica-replica-1.key", "replica-b.crt", "replica-b.key"}
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


@pytest.mark.parametrize("certificate, purpose, other", [
    ("controlplane.crt", "sslserver", "sslclient"), ("replica-b.crt", "sslclient", "sslserver")])
def test_a_certificate_is_good_for_its_own_side_only(folder, certificate, purpose, other):
    verify = ("verify", "-CAfile", folder / "ca.crt", "-purpose")
    assert openssl(*verify, purpose, folder / certificate).returncode == 0
    assert openssl(*verify, other, folder / certificate).returncode != 0


def test_the_control_plane_is_known_by_every_name_asked_for_and_no_other(folder):
    def covers(option, name):
        output = openssl("x509", "-in", folder / "controlplane.crt", "-noout", option, name).stdout
        return "does match" in output
    assert covers("-checkhost", "controlplane.example") and covers("-checkip", "10.0.0.1") and covers("-checkip", "::1")
    assert not covers("-checkhost", "example") and not covers("-checkip", "10.0.0.2")


def test_a_replica_is_known_by_its_common_name(folder):
    assert openssl("x509", "-in", folder / "replica-b.crt", "-noout", "-subject").stdout.strip() == "subject=CN = b"


def test_a_second_run_changes_nothing(folder):
    before = contents(folder)
    make(folder, "controlplane", "controlplane.example", "10.0.0.1", "::1")
    make(folder, "replica", "replica-1", "b")
    assert contents(folder) == before


def test_a_new_name_renews_that_certificate_alone(folder):
    before = contents(folder)
    make(folder, "controlplane", "other.example")
    after = contents(folder)
    assert {name for name in before if before[name] != after[name]} == {"controlplane.crt", "controlplane.key"}


@pytest.mark.parametrize("arguments", [(), ("controlplane",), ("gateway", "a"), ("replica", "../a"), ("replica", "a,IP:1.2.3.4")])
def test_wrong_arguments_are_refused_with_a_sentence(tmp_path, arguments):
    run = make(tmp_path / "none", *arguments, check=False)
    assert run.returncode != 0 and run.stderr.startswith("make-certificates: ")
    assert not (tmp_path / "none").exists() or not list((tmp_path / "none").iterdir())
