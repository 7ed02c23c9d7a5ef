"""Bad input gets a clear error in the client's dialect; nothing reaches the provider, nothing is charged, and the
refusal is recorded."""

import json
import socket

import httpx
import pytest

from harness import wait_until

CHAT = "/v1/chat/completions"
HELLO = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture(scope="module")
def gateway(stack):
    with httpx.Client(base_url=stack.replicas[0].root_url, trust_env=False, timeout=30.0,
                      headers={"authorization": f"Bearer {stack.key['key']}"}) as client:
        yield client


def refused(stack, response, status, code):
    """Checks the shape, and that the refusal was recorded at no cost without reaching the provider."""
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == code, error
    assert len(error["message"]) > 20 and error["message"].endswith("."), error["message"]
    request_id = response.headers["x-request-id"]
    record = wait_until(lambda: stack.books.query(
        "SELECT * FROM usage_records WHERE request_id = %s", [request_id]), f"the refusal {request_id} to be recorded")[0]
    assert record["outcome"] == "refused" and record["error_code"] == code and record["http_status"] == status
    assert record["cost_pusd"] == 0 and record["input_tokens"] == 0 and record["charge_amounts"] == []
    return error


@pytest.fixture(autouse=True)
def nothing_reaches_the_provider(stack):
    before = len(stack.provider.billed())
    yield
    assert len(stack.provider.billed()) == before


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"model":"gpt-4o-mini",}', '{"model":"gpt-4o-mini"} x',
                                  '{"model":"gpt-4o-mini","messages":["\x01"]}', '{"a":"\\ud800x"', '"text"'])
def test_malformed_json_is_named_as_such(gateway, stack, body):
    error = refused(stack, gateway.post(CHAT, content=body), 400, "invalid_json")
    assert error["type"] == "invalid_request_error"


def test_invalid_utf8_is_malformed(gateway, stack):
    body = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"\xff"}]}'
    refused(stack, gateway.post(CHAT, content=body), 400, "invalid_json")


def test_a_missing_model_is_named(gateway, stack):
    error = refused(stack, gateway.post(CHAT, json={"messages": HELLO["messages"]}), 400, "missing_required_parameter")
    assert error["param"] == "model"


@pytest.mark.parametrize("field, value, code", [
    ("model", 7, "invalid_type"), ("model", None, "invalid_type"), ("model", "", "invalid_value"),
    ("stream", "yes", "invalid_type"), ("stream", 1, "invalid_type"), ("stream_options", True, "invalid_type"),
    ("max_tokens", "many", "invalid_type"), ("max_tokens", 0, "invalid_value"), ("max_tokens", -1, "invalid_value"),
    ("max_tokens", 1.5, "invalid_value"), ("max_completion_tokens", {}, "invalid_type"), ("n", 0, "invalid_value"),
    ("n", "2", "invalid_type"), ("messages", "hello", "invalid_type"), ("messages", 1, "invalid_type")])
def test_a_field_of_the_wrong_type_or_value_is_named(gateway, stack, field, value, code):
    error = refused(stack, gateway.post(CHAT, json=HELLO | {field: value}), 400, code)
    assert error["param"] == field and field in error["message"]


def test_a_governed_field_given_twice_is_refused(gateway, stack):
    body = '{"model":"gpt-4o-mini","model":"other","messages":[]}'
    error = refused(stack, gateway.post(CHAT, content=body), 400, "invalid_json")
    assert "there before" in error["message"] and "column 24" in error["message"]


@pytest.mark.parametrize("path", ["/v1/chat/completion", "/v2/chat/completions", "/v1", "/v1/chat//completions"])
def test_an_unknown_url_is_named(gateway, stack, path):
    request = gateway.build_request("POST", "/", json=HELLO)
    request.url = request.url.copy_with(raw_path=path.encode())
    error = refused(stack, gateway.send(request), 404, "unknown_url")
    assert path in error["message"]


def test_a_path_with_dots_is_taken_as_it_is_written(stack):
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall((f"POST /v1/../v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                            f"Authorization: Bearer {stack.key['key']}\r\nContent-Length: 0\r\n\r\n").encode())
        assert read_all(connection).startswith(b"HTTP/1.1 404 ")


def test_a_wrong_method_says_which_are_right(gateway, stack):
    response = gateway.get(CHAT)
    refused(stack, response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


def test_a_websocket_is_refused_as_one_that_needs_another_protocol(gateway, stack):
    """Codex tries one before it sends its request; on 426 it does so at once, on 405 after seven tries and as many seconds."""
    response = gateway.get("/v1/responses", headers={"connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
                                                     "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA=="})
    error = refused(stack, response, 426, "websocket_not_served")
    assert (response.headers["connection"], response.headers["upgrade"]) == ("upgrade", "HTTP/1.1") and "POST" in error["message"]


@pytest.mark.parametrize("headers", [{}, {"authorization": ""}, {"authorization": "Basic dXNlcjpwYXNz"},
                                     {"authorization": "Bearer"}])
def test_a_missing_key_is_an_authentication_error(stack, headers):
    response = httpx.post(stack.replicas[0].root_url + CHAT, json=HELLO, headers=headers, trust_env=False)
    refused_without_organization(stack, response, "missing_api_key")


@pytest.mark.parametrize("key", ["sk-unknown", "x" * 4000, "tg-ünïcode".encode().decode("latin-1")])
def test_an_unknown_key_is_an_authentication_error(stack, key):
    response = httpx.post(stack.replicas[0].root_url + CHAT, json=HELLO, trust_env=False,
                          headers={"authorization": f"Bearer {key}".encode("latin-1")})
    refused_without_organization(stack, response, "invalid_api_key")


def refused_without_organization(stack, response, code):
    refused(stack, response, 401, code)
    assert response.headers["www-authenticate"].startswith("Bearer")
    record = stack.books.query("SELECT * FROM usage_records WHERE request_id = %s", [response.headers["x-request-id"]])[0]
    assert record["organization_id"].int == 0


def test_an_expired_key_says_so(stack):
    key = stack.create_key("expired", expires_at="2020-01-01T00:00:00Z")
    stack.wait_for_replicas()
    response = httpx.post(stack.replicas[0].root_url + CHAT, json=HELLO, trust_env=False,
                          headers={"authorization": f"Bearer {key['key']}"})
    refused(stack, response, 401, "api_key_expired")


def test_a_revoked_key_says_so(stack):
    key = stack.create_key("revoked")
    stack.api.request("POST", stack.api.path("api-keys", key["id"], "revoke"))
    stack.wait_for_replicas()
    response = httpx.post(stack.replicas[0].root_url + CHAT, json=HELLO, trust_env=False,
                          headers={"authorization": f"Bearer {key['key']}"})
    refused(stack, response, 401, "api_key_revoked")


def test_a_model_outside_the_profile_looks_like_one_that_does_not_exist(gateway, stack):
    stack.create_model("hidden-model")
    stack.wait_for_replicas()
    hidden = refused(stack, gateway.post(CHAT, json=HELLO | {"model": "hidden-model"}), 404, "model_not_found")
    absent = refused(stack, gateway.post(CHAT, json=HELLO | {"model": "absent-model"}), 404, "model_not_found")
    assert hidden["message"].replace("hidden-model", "absent-model") == absent["message"]


def test_an_embedding_model_cannot_chat(gateway, stack):
    response = gateway.post(CHAT, json=HELLO | {"model": "text-embedding-3-small"})
    error = refused(stack, response, 400, "model_kind_mismatch")
    assert error["param"] == "model"


def test_a_body_over_the_limit_is_refused_before_it_is_read(stack):
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall((f"POST {CHAT} HTTP/1.1\r\nHost: gateway\r\nAuthorization: Bearer {stack.key['key']}\r\n"
                            f"Content-Type: application/json\r\nContent-Length: {1 << 40}\r\n\r\n").encode())
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["error"]["code"] == "request_too_large"


@pytest.mark.parametrize("framing", ["Content-Length: 30000000", "Content-Length: 30000000\r\nExpect: 100-continue",
                                     "Content-Length: 99999999999", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("credential, code", [("", "missing_api_key"), ("Authorization: Bearer tg-nobody\r\n", "invalid_api_key")])
def test_the_body_of_a_caller_that_nobody_knows_is_not_read(stack, framing, credential, code):
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: a\r\n{credential}{framing}\r\n\r\n".encode())
        head, _, body = read_all(connection).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 401 ") and b"connection: close" in head, head
    assert json.loads(body)["error"]["code"] == code


def test_the_body_of_a_revoked_key_is_not_read_and_the_refusal_is_recorded(stack):
    key = stack.create_key("revoked-early")
    stack.api.request("POST", f"{stack.api.path('api-keys')}/{key['id']}/revoke")
    stack.wait_for_replicas()
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall((f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key['key']}\r\n"
                            "Expect: 100-continue\r\nContent-Length: 30000000\r\n\r\n").encode())
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 401 ") and b'"api_key_revoked"' in answer, answer
    record = wait_until(lambda: stack.books.query("SELECT * FROM usage_records WHERE api_key_id = %s", [key["id"]]),
                        "the refusal to be recorded")[0]
    assert (record["outcome"], record["error_code"]) == ("refused", "api_key_revoked")


@pytest.mark.parametrize("request_head", [
    "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "nonsense\r\n\r\n"])
def test_ambiguous_or_broken_http_is_refused_and_the_connection_closed(stack, request_head):
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall(request_head.format(path=CHAT, key=stack.key['key']).encode())
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b'"bad_request"' in answer


def test_a_control_character_in_a_header_does_not_get_through(stack):
    with socket.create_connection(("127.0.0.1", stack.replicas[0].port), timeout=30) as connection:
        connection.sendall(f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nX-A: b\x00c\r\nContent-Length: 0\r\n\r\n".encode())
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def read_all(connection):
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received
