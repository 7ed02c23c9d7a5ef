"""What passes through passes unchanged; a slow client slows the provider; memory stays bounded."""

import hashlib
import json
import socket
import threading

import httpx
import pytest

from harness import wait_until
from harness.process import free_port, clean_environment

CHAT = "/v1/chat/completions"


def ask(stack, client, text, stream=False, **fields):
    return client.build_request("POST", stack.replicas[0].root_url + CHAT,
                                json={"model": "gpt-4o-mini", "stream": stream,
                                      "messages": [{"role": "user", "content": text}]} | fields,
                                headers={"authorization": f"Bearer {stack.key['key']}"})


class RecordingProvider:
    """A raw socket that keeps the bytes it was sent and answers with given bytes."""

    def __init__(self, answer):
        self.answer = answer
        self.received = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                head, _, body = data.partition(b"\r\n\r\n")
                length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n")
                              if line.lower().startswith(b"content-length:"))
                while len(body) < length:
                    body += connection.recv(65536)
                self.received.append((head, body))
                connection.sendall(self.answer)

    def close(self):
        self.listener.close()


def add_model(stack, name, provider, upstream_model=None):
    """A model of that name which the raw provider serves, in the profile of the stack's key."""
    upstream = stack.api.create("providers", name=name, kind="openai_compatible",
                                base_url=f"http://127.0.0.1:{provider.port}/deep/v1")
    credential = stack.api.create("credentials", name="main", provider_id=upstream["id"], secret="sk-upstream-secret")
    model = stack.create_model(name, upstream_model, upstream, credential)
    profile = stack.api.show("access-profiles", stack.profile["id"])
    stack.api.update("access-profiles", stack.profile["id"], model_ids=[*profile["model_ids"], model["id"]])
    stack.wait_for_replicas()


@pytest.fixture
def recording(stack):
    """A model served by a provider that keeps what it was sent: recording(answer bytes) -> (model name, provider)."""
    made = []

    def make(name, answer, upstream_model=None):
        provider = RecordingProvider(answer)
        made.append(provider)
        add_model(stack, name, provider, upstream_model)
        return provider

    yield make
    for provider in made:
        provider.close()


ANSWER_BODY = (b'{ "id":"chatcmpl-1","object":"chat.completion","model":"up-1", "unknown_field":[1.50, "\\u00e9"],\n'
               b'"choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],'
               b'"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11}}\n')


def http_answer(body, content_type="application/json"):
    return (f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            f"X-Request-Id: req_up_{len(body)}\r\nConnection: close\r\n\r\n").encode() + body


def test_request_bytes_pass_unchanged_but_for_the_model_name_and_the_credential(stack, recording):
    provider = recording("public-name", http_answer(ANSWER_BODY), upstream_model="up-1")
    body = (b'{"messages" : [{"role":"user","content":"h\\u00e9llo \xc3\xa9 \\n"}],\t"future_field": {"a":[1.0, 2e3,null]},'
            b'  "model":"public-name", "temperature":0.70, "metadata":{"model":"not this one"}}  ')
    answer = httpx.post(stack.replicas[0].root_url + CHAT, content=body, trust_env=False,
                        headers={"authorization": f"Bearer {stack.key['key']}", "content-type": "application/json",
                                 "cookie": "secret=1", "x-forwarded-for": "10.0.0.1", "openai-beta": "assistants=v2"})
    assert answer.status_code == 200, answer.text
    head, received = provider.received[0]
    assert received == body.replace(b'"model":"public-name"', b'"model":"up-1"')
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /deep/v1/chat/completions HTTP/1.1"
    headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in lines[1:]}
    assert headers["authorization"] == "Bearer sk-upstream-secret"
    assert headers["host"] == f"127.0.0.1:{provider.port}"
    assert headers["openai-beta"] == "assistants=v2"
    assert stack.key["key"] not in head.decode()
    assert not {"cookie", "x-forwarded-for"} & set(headers)


def test_answer_bytes_pass_unchanged(stack, recording):
    recording("same-bytes", http_answer(ANSWER_BODY), upstream_model="same-bytes")
    answer = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, json={"model": "same-bytes", "messages": []},
                        headers={"authorization": f"Bearer {stack.key['key']}"})
    assert answer.content == ANSWER_BODY


STREAM = (b": keep-alive comment\n\n"
          b'data: {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"say \\"usage\\": {}"}}],"usage":null}\n\n'
          b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"x"}}]}\r\n\r\n'
          b'event: odd\ndata: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n')
USAGE_EVENT = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":21,"completion_tokens":3,"total_tokens":24}}\n\n'
DONE = b"data: [DONE]\n\n"


@pytest.mark.parametrize("asks, expected", [(False, STREAM + DONE), (True, STREAM + USAGE_EVENT + DONE)])
def test_stream_bytes_pass_unchanged_but_for_the_usage_chunk_that_the_client_did_not_ask_for(stack, recording, asks, expected):
    name = f"stream-{asks}".lower()
    provider = recording(name, http_answer(STREAM + USAGE_EVENT + DONE, "text/event-stream"))
    body = {"model": name, "messages": [], "stream": True} | ({"stream_options": {"include_usage": True}} if asks else {})
    answer = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, json=body,
                        headers={"authorization": f"Bearer {stack.key['key']}"})
    assert answer.content == expected
    assert json.loads(provider.received[0][1])["stream_options"] == {"include_usage": True}
    record = wait_until(lambda: stack.books.records(f"model_name = '{name}' AND outcome = 'completed'"), "the record")[0]
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == (21, 3, False)


def test_a_slow_client_slows_the_provider_and_memory_stays_bounded(stack):
    """The provider has 64 MB to say; the client takes none of it for now. What is under way is bounded by the sockets'
    buffers, not by the size of the answer."""
    replica = stack.replicas[0]
    before = replica.resident_bytes()
    with httpx.Client(trust_env=False, timeout=120.0) as client:
        request = ask(stack, client, "[[sim tokens=2000000]] a very long story", stream=True)
        response = client.send(request, stream=True)
        pieces = response.iter_raw()
        next(pieces)
        wait_until(lambda: upstream_is_blocked(stack), "the provider to be held up by the slow client")
        assert replica.resident_bytes() - before < 32 * 1024 * 1024
        response.close()


def upstream_is_blocked(stack):
    """Whether some connection of the provider has a send queue that does not drain: it is being held back."""
    def queues():
        found = {}
        for line in open("/proc/net/tcp"):
            fields = line.split()
            if len(fields) > 4 and fields[1].endswith(f":{stack.provider.port:04X}"):
                found[fields[2]] = int(fields[4].split(":")[0], 16)
        return {peer: queue for peer, queue in found.items() if queue > 0}
    first = queues()
    threading.Event().wait(0.2)
    second = queues()
    return any(second.get(peer) == queue for peer, queue in first.items())


def test_beyond_the_sum_of_bodies_the_answer_is_503_with_retry_after_and_then_it_recovers(make_stack):
    stack = make_stack(dataplane_settings={"limits_max_bodies_bytes": "4MiB", "limits_max_body_bytes": "3MiB"})
    replica = stack.replicas[0]

    def half_sent_request():
        connection = socket.create_connection(("127.0.0.1", replica.port), timeout=30)
        connection.sendall((f"POST {CHAT} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {stack.key['key']}\r\n"
                            f"Content-Length: {3 * 1024 * 1024}\r\n\r\n").encode() + b" " * 1000)
        return connection

    held = half_sent_request()
    wait_until(lambda: replica.metrics()["tollgate_request_body_bytes"] >= 3 * 1024 * 1024, "the first body to be counted")
    with half_sent_request() as second:
        answer = second.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503 ") and b"retry-after: " in answer.lower(), answer
    held.close()

    def recovers():
        return httpx.post(replica.root_url + CHAT, content=b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"hi"}]' + b" " * (2 << 20) + b"}",
                          headers={"authorization": f"Bearer {stack.key['key']}"}, trust_env=False).status_code == 200
    wait_until(recovers, "the gateway to take bodies again")


def test_a_client_that_leaves_cancels_the_provider_s_work_and_is_booked(stack):
    with httpx.Client(trust_env=False, timeout=60.0) as client:
        response = client.send(ask(stack, client, "[[sim tokens=500 drip=100]] leaving soon", stream=True), stream=True)
        request_id = response.headers["x-request-id"]
        pieces = response.iter_raw()
        while b'"content":"' not in next(pieces).replace(b'"content":""', b""):
            pass  # the first chunk names the role only
        response.close()
    record = wait_until(lambda: stack.books.query("SELECT * FROM usage_records WHERE request_id = %s", [request_id]),
                        "the call to be booked long before the provider would have finished")[0]
    assert record["outcome"] == "client_left" and record["is_estimated"]
    assert 0 < record["output_tokens"] < 500
    wait_until(lambda: any(entry["outcome"] == "client_left" for entry in stack.provider.billed()),
               "the provider to notice that the call was cancelled")


def test_a_large_body_arrives_whole(stack):
    text = "word " * 2_000_000  # 10 MB
    with httpx.Client(trust_env=False, timeout=120.0) as client:
        response = client.send(ask(stack, client, text))
    assert response.status_code == 200, response.text[:300]


def test_a_malformed_chunk_of_the_provider_does_not_stop_the_stream_or_the_books(stack):
    answer = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, timeout=60.0,
                        headers={"authorization": f"Bearer {stack.key['key']}"},
                        json={"model": "gpt-4o-mini", "stream": True,
                              "messages": [{"role": "user", "content": "[[sim tokens=12 malformed=3]] broken"}]})
    assert answer.status_code == 200 and b"[DONE]" in answer.content
    request_id = answer.headers["x-request-id"]
    wait_until(lambda: stack.books.query("SELECT 1 FROM usage_records WHERE request_id = %s", [request_id]), "the record")


@pytest.mark.parametrize("directive, status, code", [
    ("latency=5000", 504, "provider_timeout"), ("status=500", 500, None), ("drop_after=0", 502, "provider_unavailable")])
def test_a_provider_that_fails_is_told_as_such(make_stack, directive, status, code):
    stack = make_stack()
    stack.api.update("providers", stack.upstream["id"], first_byte_timeout_ms=1000)
    stack.wait_for_replicas()
    answer = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, timeout=60.0,
                        headers={"authorization": f"Bearer {stack.key['key']}"},
                        json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": f"[[sim {directive}]] hi"}]})
    assert answer.status_code == status, answer.text
    if code:
        assert answer.json()["error"]["code"] == code


def test_a_provider_that_is_not_there_is_a_502(stack):
    upstream = stack.api.create("providers", name="absent", kind="openai_compatible", base_url=f"http://127.0.0.1:{free_port()}/v1")
    credential = stack.api.create("credentials", name="main", provider_id=upstream["id"], secret="sk-none")
    model = stack.create_model("absent-provider", None, upstream, credential)
    profile = stack.api.show("access-profiles", stack.profile["id"])
    stack.api.update("access-profiles", stack.profile["id"], model_ids=[*profile["model_ids"], model["id"]])
    stack.wait_for_replicas()
    answer = httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, json={"model": "absent-provider", "messages": []},
                        headers={"authorization": f"Bearer {stack.key['key']}"})
    assert answer.status_code == 502 and answer.json()["error"]["code"] == "provider_unavailable"
