"""What a provider of each kind is sent: at which place, with which proof, in which words. The rows say it; a server that
listens to everything is called through the gateway as each of them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import yaml

from harness.process import ROOT

ROWS = yaml.safe_load((ROOT / "controlplane" / "registry" / "providers.yaml").read_text())["providers"]
USUAL = {"chat": ("generate", "chat", "/chat/completions"), "messages": ("generate", "messages", "/messages")}
BLANK = "x-1"
SECRET = "sk-of-the-provider"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
WHOLE = {"chat": {"id": "c", "object": "chat.completion", "created": 1, "model": "up", "usage": USAGE, "choices": [
             {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]},
         "messages": {"id": "m", "type": "message", "role": "assistant", "model": "up", "stop_reason": "end_turn",
                      "stop_sequence": None, "content": [{"type": "text", "text": "hi"}],
                      "usage": {"input_tokens": 3, "output_tokens": 2}}}
CHUNKS = [{"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "up",
           "choices": [{"index": 0, "delta": {"content": "hi"}, "finish_reason": "stop"}], "usage": USAGE}]
EVENTS = [{"type": "message_start", "message": WHOLE["messages"] | {"content": [], "stop_reason": None}},
          {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
          {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}},
          {"type": "content_block_stop", "index": 0},
          {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": {"output_tokens": 2}},
          {"type": "message_stop"}]
STREAM = {"chat": "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in CHUNKS) + "data: [DONE]\n\n",
          "messages": "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)}


class Listener:
    """Answers every call in one dialect, and keeps what it heard last."""

    def __init__(self, dialect):
        self.heard = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.heard = (self.path, self.headers, body)
                answer = STREAM[dialect] if body.get("stream") else json.dumps(WHOLE[dialect])
                self.send_response(200)
                self.send_header("content-type", "text/event-stream" if body.get("stream") else "application/json")
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def api_of(row, dialect):
    for api in row["apis"]:
        operation, spoken, path, *stream = (USUAL.get(api, ("", "", "")) if isinstance(api, str) else
                                            (api["operation"], api["dialect"], api["path"], api.get("stream_path")))
        if (operation, spoken) == ("generate", dialect):
            return path, (stream or [None])[0] or path
    return None


def filled(row, path):
    for name in ("region", "project", "account", "api_version"):
        path = path.replace("{" + name + "}", row.get("defaults", {}).get(name, BLANK))
    return path.replace("{model}", "up")


def proof_of(row):
    scheme, _, rest = row["auth"].partition(":")
    name, _, word = rest.partition(" ")
    if scheme == "bearer":
        return "authorization", f"Bearer {SECRET}"
    if scheme == "header":
        return name, f"{word} {SECRET}".strip()
    assert scheme == "aws_sigv4", row["auth"]
    return "authorization", "AWS4-HMAC-SHA256 "


@pytest.fixture(scope="module")
def call(stack):
    """call(row, dialect, listener) makes a provider, a model and their key; the function it gives calls the model."""
    api = stack.api
    profile = api.create("access-profiles", name="every-kind", allows_all_models=True)
    key = stack.create_key("every-kind", profile=profile)["key"]

    def prepare(rows, listener, prefix):
        for row in rows:
            name = f"{prefix}-{row['name']}"
            blanks = {blank: BLANK for blank in ("region", "project", "account")} | ({} if row.get("defaults") else
                                                                                    {"api_version": BLANK})
            provider = api.create("providers", name=name, kind=row["name"], base_url=f"{listener.url}/{name}", **blanks)
            aws = {"kind": "aws_access_key", "access_key_id": "AKIDEXAMPLE"} if row["auth"].startswith("aws") else {}
            credential = api.create("credentials", name=name, provider_id=provider["id"], secret=SECRET, **aws)
            model = api.create("models", name=name, kind="chat", max_input_tokens=1000, max_output_tokens=100)
            api.create("deployments", name=name, model_id=model["id"], provider_id=provider["id"],
                       credential_id=credential["id"], upstream_model="up")
        stack.wait_for_replicas()

    def call(path, body):
        return httpx.post(stack.replicas[0].root_url + path, json=body, trust_env=False, timeout=60,
                          headers={"authorization": f"Bearer {key}"})

    call.prepare = prepare
    return call


def check(row, dialect, name, is_streaming, heard, sent):
    path, headers, body = heard
    whole, streamed = api_of(row, dialect)
    assert path == f"/{name}" + filled(row, streamed if is_streaming else whole), path
    header, value = proof_of(row)
    assert headers[header].startswith(value) and (value.endswith(" ") or headers[header] == value), headers.items()
    for header, value in row.get("headers", {}).items():
        assert headers[header] == value, headers.items()
    rules = row.get("parameters", {})
    for field, rule in rules.items():
        assert body.get(field) == (rule["set"] if isinstance(rule, dict) else None), (field, body)
        if isinstance(rule, str) and field in sent:
            assert body[rule] == sent[field], (field, body)
    for field in sent.keys() - rules.keys() - {"model"}:
        assert body[field] == sent[field], (field, body)
    assert body.get("model") == (None if "model" in rules else "up"), body
    if dialect == "chat" and is_streaming:
        assert body.get("stream_options") == ({"include_usage": True} if row.get("asks_for_usage", True) else None), body


@pytest.mark.parametrize("dialect, path, more", [
    ("chat", "/v1/chat/completions", {"max_completion_tokens": 7, "seed": 1, "user": "u", "temperature": 0.5}),
    ("messages", "/v1/messages", {"max_tokens": 7, "temperature": 0.5})])
def test_every_kind_is_called_at_its_place_with_its_proof_and_in_its_words(call, dialect, path, more):
    rows = [row for row in ROWS if api_of(row, dialect)]
    assert len(rows) > (100 if dialect == "chat" else 10)
    listener, failures = Listener(dialect), []
    call.prepare(rows, listener, dialect)
    for row in rows:
        name = f"{dialect}-{row['name']}"
        for is_streaming in (False, True):
            sent = {"messages": [{"role": "user", "content": "hi"}], **more} | ({"stream": True} if is_streaming else {})
            listener.heard = None
            response = call(path, {"model": name} | sent)
            try:
                assert response.status_code == 200 and listener.heard, (response.status_code, response.text)
                check(row, dialect, name, is_streaming, listener.heard, sent)
            except AssertionError as failure:
                failures.append(f"{row['name']}{' streamed' if is_streaming else ''}: {failure}")
    listener.close()
    assert not failures, "\n".join(failures)
