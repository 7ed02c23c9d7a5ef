"""The shipped programs under valgrind: from start to a clean stop no wrong access, and no memory that nobody gave back."""

import json
import socket

import openai
import pytest

from harness import wait_until
from harness.process import ROOT

VALGRIND = ["valgrind", "--error-exitcode=99", "--num-callers=30", "--leak-check=full",
            "--show-leak-kinds=definite,indirect", "--errors-for-leak-kinds=definite,indirect"]
HELLO = dict(model="gpt-4o-mini", messages=[{"role": "user", "content": "[[sim tokens=12]] hello"}])


@pytest.fixture
def make_stack_under_valgrind(packages, make_stack):
    """The packages' programs: valgrind and the sanitizers of the usual build exclude each other."""
    assert packages
    programs = ROOT / "build" / "package" / "bin"

    def make(**options):
        return make_stack(controlplane_command=[*VALGRIND, programs / "tollgate-controlplane"],
                          dataplane_command=[*VALGRIND, programs / "tollgate-dataplane"], **options)
    return make


def stop_quietly(process):
    process.stop(120)  # fails if the status is not 0: valgrind's, say
    log = process.log.read_text()
    assert "ERROR SUMMARY: 0 errors from 0 contexts" in log, process.tail(100)


def serve_a_bit_of_everything(stack):
    client = stack.openai()
    assert [model.id for model in client.models.list()]
    for _ in range(3):
        assert client.chat.completions.create(**HELLO).choices
        assert [chunk for chunk in client.chat.completions.create(**HELLO, stream=True)]
    assert client.embeddings.create(model="text-embedding-3-small", input=["some", "words"]).data
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.create(**HELLO | {"model": "none-such"})
    with pytest.raises(openai.AuthenticationError):
        stack.openai(key="tg-no-such-key").chat.completions.create(**HELLO)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="gpt-4o-mini", messages=HELLO["messages"], extra_body={"stream": "maybe"})
    with pytest.raises(openai.APIError):
        client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "[[sim status=500]] hi"}])
    leave_a_stream(client)


def leave_a_stream(client):
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "[[sim tokens=500 drip=50]] bye"}], stream=True)
    next(iter(stream))
    stream.close()


def change_the_configuration(stack):
    key = stack.create_key("short-lived")
    spent = stack.create_budget("0.00001", scope="api_key", scope_id=key["id"], name="tiny")
    with pytest.raises(openai.RateLimitError):
        stack.openai(key=key["key"]).chat.completions.create(**HELLO)
    stack.api.update("budgets", spent["id"], limit="0.02", contention="clamp")
    stack.wait_for_replicas()
    assert stack.openai(key=key["key"]).chat.completions.create(**HELLO).choices
    stack.api.request("POST", stack.api.path("api-keys", key["id"], "revoke"))
    stack.wait_for_replicas()
    with pytest.raises(openai.AuthenticationError):
        stack.openai(key=key["key"]).models.list()


def test_both_programs_stop_without_an_error_or_a_leak_after_a_bit_of_everything(make_stack_under_valgrind):
    stack = make_stack_under_valgrind(dataplane_settings={"workers": 2})
    stack.create_budget("100")
    serve_a_bit_of_everything(stack)
    change_the_configuration(stack)
    assert stack.api.list("api-keys") and stack.api.replicas()
    stack.books.assert_equal_to_the_provider(only_completed=True)
    assert stack.api.export(format="csv")
    stop_quietly(stack.replicas[0])
    stop_quietly(stack.controlplane)


def send_and_do_not_wait(replica, key, question):
    """The connection; nobody reads the answer."""
    body = json.dumps(question).encode()
    connection = socket.create_connection(("127.0.0.1", replica.port), timeout=60)
    connection.sendall(f"POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {key}\r\n"
                       f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return connection


def test_both_programs_stop_without_an_error_or_a_leak_in_the_middle_of_things(make_stack_under_valgrind):
    """A stream that outlives the drain, a call that waits for its budget, a control plane that went first."""
    stack = make_stack_under_valgrind(dataplane_settings={"workers": 2, "drain_timeout_ms": 500})
    replica = stack.replicas[0]
    stack.create_budget("0.012", max_wait_ms=60000)  # one worst case fits, two do not
    stream = stack.openai().chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "[[sim tokens=10000 drip=50]] on and on"}], stream=True)
    next(iter(stream))
    with send_and_do_not_wait(replica, stack.key["key"], HELLO):
        wait_until(lambda: replica.metrics()["tollgate_requests_in_flight"] == 2, "the second call to be there")
        stop_quietly(stack.controlplane)
        wait_until(lambda: replica.metrics()["tollgate_control_plane_connected"] == 0, "the replica to notice")
        stop_quietly(replica)
    stream.close()
