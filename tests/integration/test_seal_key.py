"""A control plane starts only with the key that its database's credentials are sealed under."""

import subprocess

import httpx
import pytest

from harness import ControlPlane
from harness.process import clean_environment

KEY_FILE = "TOLLGATE_CONTROLPLANE_SEAL_KEY_FILE"


@pytest.fixture
def other(make_stack):
    """A stack, and beside it a control plane on the same database with a seal key of its own."""
    stack = make_stack(replicas=0)
    other = ControlPlane(stack.folder / "other", stack.postgres, stack.database, stack.certificates)
    other.stack = stack
    yield other
    other.stop()


def assert_it_refuses(other):
    run = subprocess.run(other.arguments, env=clean_environment() | other.env, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2, run.stderr
    said = run.stderr.splitlines()[-1]
    assert said.startswith("tollgate-controlplane: seal.key_file ") and "database" in said, said
    return said


def test_another_key_is_refused_by_the_setting_s_name_and_the_key_s_number(other):
    assert "seal key 1 " in assert_it_refuses(other)
    other.configuration[KEY_FILE] = other.stack.controlplane.configuration[KEY_FILE]
    other.start()


def test_a_database_of_before_the_check_is_held_to_its_credentials(other):
    assert other.stack.books.query("DELETE FROM seal_checks RETURNING key_id") == [{"key_id": 1}]
    assert "credentials" in assert_it_refuses(other)
    assert other.stack.books.query("SELECT * FROM seal_checks") == [], "a wrong key left its mark"
    other.configuration[KEY_FILE] = other.stack.controlplane.configuration[KEY_FILE]
    other.start()
    assert other.stack.books.query("SELECT key_id FROM seal_checks") == [{"key_id": 1}]


def test_a_key_that_the_database_expects_and_the_control_plane_lacks_is_named(other):
    other.configuration[KEY_FILE] = other.stack.controlplane.configuration[KEY_FILE]
    other.stack.books.query("INSERT INTO seal_checks SELECT 7, overlay(sealed_value PLACING '\\x00000007' FROM 2 FOR 4)"
                            " FROM seal_checks RETURNING key_id")
    run = subprocess.run(other.arguments, env=clean_environment() | other.env, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2 and "expects seal key 7, and seal.key_file holds key 1" in run.stderr, run.stderr


def test_a_control_plane_that_could_not_ask_at_its_start_is_not_ready_with_a_wrong_key(other):
    """As when the database was migrated after it."""
    ready = f"{other.url}/readyz"
    rename = "ALTER TABLE {} RENAME TO {}".format
    with other.stack.postgres.connect(other.stack.database) as connection:
        connection.execute(rename("seal_checks", "hidden"))
    other.ready = lambda: answer(ready)
    other.start()
    assert any(line["event"] == "seal_key_unchecked" for line in other.log_lines())
    assert answer(ready).status_code == 503 and "migrated" in answer(ready).json()["detail"]
    with other.stack.postgres.connect(other.stack.database) as connection:
        connection.execute(rename("hidden", "seal_checks"))
    assert answer(ready).status_code == 503 and "seal key" in answer(ready).json()["detail"]
    assert any("seal key 1 " in line.get("reason", "") for line in other.log_lines())


def answer(url):
    try:
        return httpx.get(url, timeout=5.0, trust_env=False)
    except httpx.TransportError:
        return None
