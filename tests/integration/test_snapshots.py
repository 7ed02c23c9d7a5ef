"""Changes reach replicas as whole revisions, quickly; a bad one is refused whole and its reason is visible."""

import statistics
import time

import httpx
import openai
import pytest

from harness import wait_until

HELLO = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "hi"}])


def test_a_new_key_works_as_soon_as_its_revision_is_acknowledged(stack):
    key = stack.create_key("fresh")
    stack.wait_for_replicas()
    assert stack.openai(key=key["key"]).chat.completions.create(**HELLO).choices


def test_a_change_is_enforced_within_a_fraction_of_a_second_of_the_answer(stack):
    """The bound of the product is 250 ms at the 99th percentile on a quiet machine (script/bench measures it); here only
    that nothing waits for a poll."""
    delays = []
    with httpx.Client(base_url=stack.replicas[0].root_url, trust_env=False) as gateway:
        for number in range(20):
            key = stack.create_key(f"quick-{number}")
            answered = time.monotonic()
            headers = {"authorization": f"Bearer {key['key']}"}
            wait_until(lambda: gateway.get("/v1/models", headers=headers).is_success, "the key to work", interval_s=0.002)
            delays.append(time.monotonic() - answered)
    assert statistics.median(delays) < 1.0, delays


def test_a_revoked_key_stops_working(stack):
    key = stack.create_key("short-lived")
    stack.wait_for_replicas()
    client = stack.openai(key=key["key"])
    assert client.models.list().data
    stack.api.request("POST", stack.api.path("api-keys", key["id"], "revoke"))
    stack.wait_for_replicas()
    with pytest.raises(openai.AuthenticationError):
        client.models.list()


def test_a_deleted_team_s_chain_must_be_emptied_first(stack):
    problem = refused(stack, "DELETE", stack.api.path("teams", stack.team["id"]))
    assert problem["status"] == 409 and "project" in problem["detail"]


def refused(stack, method, path, json=None):
    response = stack.api.client.request(method, path, json=json)
    assert response.is_error, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    return response.json()


def test_a_bad_resource_is_refused_whole_its_reason_is_visible_and_the_replica_serves_what_it_had(make_stack):
    """The API would not let such a row in; the database is changed behind its back, as a bug in a later version might."""
    stack = make_stack()
    key = stack.create_key("before-the-fault")
    stack.wait_for_replicas()
    good = stack.revision()
    with stack.postgres.connect(stack.database) as connection:
        # The provider resource loses its payload: what is sent no longer unpacks to what the digest promises.
        connection.execute("""
            WITH next AS (UPDATE config_state SET revision = revision + 1 RETURNING revision)
            UPDATE snapshot_resources SET payload = '\\x3a00', revision = next.revision FROM next
            WHERE resource_type = 7""")
        connection.execute("NOTIFY tollgate_config")

    def reason():
        replica = stack.api.replicas()[0]
        return replica if replica["refused_reason"] else None
    replica = wait_until(reason, "the refusal to be visible")
    assert replica["refused_revision"] > good and replica["acked_revision"] == good
    assert "provider" in replica["refused_reason"], replica["refused_reason"]
    assert stack.openai(key=key["key"]).chat.completions.create(**HELLO).choices

    # Mending the resource (any update packs it anew) brings the replica up to date without a restart.
    stack.api.update("providers", stack.upstream["id"], connect_timeout_ms=4000)
    wait_until(lambda: stack.api.replicas()[0]["acked_revision"] >= stack.revision(), "the replica to take the mended revision")
    assert not stack.api.replicas()[0]["refused_reason"]


def test_a_replica_with_a_foreign_certificate_or_another_name_is_not_let_in(make_stack):
    from harness import Certificates, DataPlane
    stack = make_stack()
    foreign = Certificates(stack.folder / "foreign")
    intruder = DataPlane(stack.folder / "intruder", "intruder", stack.controlplane.stream_port, foreign)
    intruder.configuration["TOLLGATE_DATAPLANE_STREAM_CA_FILE"] = str(stack.certificates.ca)
    impostor = DataPlane(stack.folder / "impostor", "impostor", stack.controlplane.stream_port, stack.certificates)
    impostor.configuration["TOLLGATE_DATAPLANE_REPLICA_NAME"] = "replica-1"
    for process in (intruder, impostor):
        process.ready = lambda process=process: "stream" in process.log.read_text()
        process.start()
        try:
            wait_until(lambda: any("fail" in str(line) or "refus" in str(line) or "lost" in str(line)
                                   for line in process.log_lines()), f"{process.name} to log that it was not let in")
            assert not answers_ready(process)
        finally:
            process.stop()
    assert [replica["name"] for replica in stack.api.replicas()] == ["replica-1"]


def answers_ready(process):
    return httpx.get(f"http://127.0.0.1:{process.admin_port}/readyz", trust_env=False).is_success
