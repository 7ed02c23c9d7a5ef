"""What is not a conversation: counting, embedding, ranking, pictures, sound, and what is native to a provider. Each goes to
its provider as it is and comes back as it is, identified, governed and booked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types as genai_types

from harness import wait_until

PNG = b"\x89PNG not really"
MP3 = b"ID3" + bytes(range(256)) * 40


class Handler(BaseHTTPRequestHandler):
    """A provider with an answer for each path."""

    protocol_version = "HTTP/1.1"

    def handle_any(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        path = self.path.partition("?")[0]
        for end, (content_type, answer) in ANSWERS.items():
            if path.endswith(end):
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("content-type", content_type)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                return
        self.send_error(404)

    do_GET = do_POST = do_DELETE = handle_any

    def log_message(self, *_):
        pass


JSON = "application/json"
ANSWERS = {
    "/moderations": (JSON, {"id": "modr-1", "model": "omni", "results": [{"flagged": False, "categories": {}, "category_scores": {}}]}),
    "/rerank": (JSON, {"id": "r", "results": [{"index": 0, "relevance_score": 0.9}], "meta": {"billed_units": {"search_units": 1}}}),
    "/images/generations": (JSON, {"created": 1, "data": [{"b64_json": "aGk="}], "usage": {
        "input_tokens": 9, "output_tokens": 40, "total_tokens": 49, "input_tokens_details": {"text_tokens": 9, "image_tokens": 0}}}),
    "/images/edits": (JSON, {"created": 1, "data": [{"b64_json": "aGk="}], "usage": {
        "input_tokens": 209, "output_tokens": 40, "total_tokens": 249, "input_tokens_details": {"text_tokens": 9, "image_tokens": 200}}}),
    "/audio/speech": ("audio/mpeg", MP3),
    "/audio/transcriptions": (JSON, {"text": "hello there", "usage": {"type": "duration", "seconds": 3}}),
    "/completions": (JSON, {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "davinci-002", "choices": [
        {"index": 0, "text": " there", "finish_reason": "stop", "logprobs": None}], "usage": {"prompt_tokens": 4, "completion_tokens": 1, "total_tokens": 5}}),
    "/messages/count_tokens": (JSON, {"input_tokens": 17}),
    ":countTokens": (JSON, {"totalTokens": 23}),
    ":embedContent": (JSON, {"embedding": {"values": [0.5, 0.25]}}),
    ":batchEmbedContents": (JSON, {"embeddings": [{"values": [0.5, 0.25]}]}),
    "/files": (JSON, {"object": "list", "data": [], "has_more": False}),
    "/responses/resp_1": (JSON, {"id": "resp_1", "object": "response", "status": "completed", "usage": {"input_tokens": 5, "output_tokens": 6}}),
}
KINDS = {"moderation": {}, "rerank": {}, "image": {"max_output_tokens": 5000}, "speech": {}, "transcription": {},
         "completion": {"max_output_tokens": 1000}, "native": {}}


@pytest.fixture(scope="module")
def world(make_module_stack):
    stack = make_module_stack
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.seen = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}"
    api = stack.api

    def provider(kind, prefix):
        made = api.create("providers", name=kind, kind=kind, base_url=url + prefix)
        return made, api.create("credentials", name="main", provider_id=made["id"], secret="provider-secret")

    def model(name, kind, made, **fields):
        created = api.create("models", name=name, kind=kind, max_input_tokens=8000, **fields)
        deployment = api.create("deployments", name="main", model_id=created["id"], provider_id=made[0]["id"],
                                credential_id=made[1]["id"], upstream_model=f"upstream-{name}")
        api.create("prices", deployment_id=deployment["id"], rates=RATES, request_price="0.001")
        return created

    openai_like = provider("openai", "/v1")
    claude, google = provider("anthropic", "/v1"), provider("gemini", "")
    ranker = provider("openai_compatible", "/v1")
    models = [model(kind, kind, ranker if kind == "rerank" else openai_like, **fields) for kind, fields in KINDS.items()]
    models += [model("claude", "chat", claude, max_output_tokens=1000), model("gem", "chat", google, max_output_tokens=1000),
               model("gem-embedding", "embedding", google), model("gpt", "chat", openai_like, max_output_tokens=1000)]
    api.update("access-profiles", stack.profile["id"], model_ids=[m["id"] for m in models])
    stack.wait_for_replicas()
    stack.upstream_server = server
    yield stack
    server.shutdown()


RATES = {"input": "1", "output": "2", "output_image": "10", "input_image": "5", "images": "0.04", "audio_minutes": "0.6",
         "characters": "15", "web_searches": "0.01", "search_units": "0.002"}


@pytest.fixture(scope="module")
def make_module_stack(postgres):
    from harness import Stack
    running = Stack(postgres)
    yield running
    running.destroy()


@pytest.fixture
def booked(world):
    """record() -> the record of the next call that was made since; the records of all are waited for."""
    before = len(world.books.records("outcome <> 'refused'"))
    world.upstream_server.seen.clear()
    taken = 0

    def record():
        nonlocal taken
        rows = wait_until(lambda: world.books.records("outcome <> 'refused'")[before + taken:], "the record")
        taken += 1
        return rows[0]
    yield record
    wait_until(lambda: len(world.books.records("outcome <> 'refused'")) >= before + len(world.upstream_server.seen), "all records")


def sdk(world):
    return openai.OpenAI(base_url=world.replicas[0].base_url, api_key=world.key["key"], max_retries=0)


def test_a_moderation_passes_and_costs_no_tokens(world, booked):
    answer = sdk(world).moderations.create(model="moderation", input="be nice")
    assert not answer.results[0].flagged
    record = booked()
    assert record["endpoint"] == "moderations" and record["output_tokens"] == 0
    assert json.loads(world.upstream_server.seen[0][3])["model"] == "upstream-moderation"


def test_a_ranking_is_booked_in_search_units(world, booked):
    response = httpx.post(world.replicas[0].root_url + "/v1/rerank", trust_env=False,
                          json={"model": "rerank", "query": "q", "documents": ["a", "b"]}, headers={"authorization": f"Bearer {world.key['key']}"})
    assert response.status_code == 200, response.text
    assert booked()["search_units"] == 1


def test_pictures_are_booked_by_their_tokens(world, booked):
    answer = sdk(world).images.generate(model="image", prompt="a cat", n=1)
    assert answer.data[0].b64_json == "aGk="
    record = booked()
    assert record["input_tokens"] == 9 and record["output_image_tokens"] + record["output_tokens"] == 40


def test_a_picture_sent_as_a_form_arrives_as_it_was(world, booked):
    answer = sdk(world).images.edit(model="image", image=("cat.png", PNG, "image/png"), prompt="add a hat")
    assert answer.data[0].b64_json == "aGk="
    record = booked()
    assert record["input_image_tokens"] == 200 and record["input_tokens"] == 9
    _, _, headers, body = world.upstream_server.seen[0]
    assert PNG in body and b"upstream-image" in body and "multipart/form-data" in headers["Content-Type"]


def test_speech_comes_back_byte_for_byte_and_is_booked_in_characters(world, booked):
    answer = sdk(world).audio.speech.create(model="speech", voice="alloy", input="hello there")
    assert answer.content == MP3
    assert booked()["characters"] == len("hello there")


def test_a_transcription_is_booked_by_its_duration(world, booked):
    answer = sdk(world).audio.transcriptions.create(model="transcription", file=("a.mp3", MP3, "audio/mpeg"))
    assert answer.text == "hello there"
    assert booked()["audio_ms"] == 3000


def test_a_legacy_completion_is_booked(world, booked):
    answer = sdk(world).completions.create(model="completion", prompt="hello", max_tokens=5)
    assert answer.choices[0].text == " there"
    record = booked()
    assert (record["input_tokens"], record["output_tokens"]) == (4, 1)


def test_tokens_are_counted_by_the_provider_for_nothing(world, booked):
    claude = anthropic.Anthropic(base_url=world.replicas[0].root_url, api_key=world.key["key"], max_retries=0)
    assert claude.messages.count_tokens(model="claude", messages=[{"role": "user", "content": "hello"}]).input_tokens == 17
    record = booked()
    assert record["cost_pusd"] == 0 and record["input_tokens"] == 0 and record["endpoint"] == "count_tokens"


def test_google_counts_and_embeds(world, booked):
    google = genai.Client(api_key=world.key["key"], http_options=genai_types.HttpOptions(base_url=world.replicas[0].root_url))
    assert google.models.count_tokens(model="gem", contents="hello").total_tokens == 23
    assert booked()["cost_pusd"] == 0
    assert google.models.embed_content(model="gem-embedding", contents="hello").embeddings[0].values == [0.5, 0.25]


def test_what_is_native_goes_to_the_provider_as_it_is(world, booked):
    listed = sdk(world).files.list(extra_query={"purpose": "batch"})
    assert listed.data == []
    method, path, headers, body = world.upstream_server.seen[0]
    assert (method, path, body) == ("GET", "/v1/files?purpose=batch", b"")
    assert headers["Authorization"] == "Bearer provider-secret"
    record = booked()
    assert record["endpoint"] == "native" and record["model_name"] == "native" and record["cost_pusd"] == 10 ** 9


def test_a_response_that_is_read_again_is_not_paid_again(world, booked):
    answer = httpx.get(world.replicas[0].root_url + "/openai/v1/responses/resp_1", trust_env=False,
                       headers={"authorization": f"Bearer {world.key['key']}"})
    assert answer.json()["usage"]["output_tokens"] == 6
    record = booked()
    assert record["output_tokens"] == record["input_tokens"] == 0


def test_what_is_native_needs_a_profile_that_says_so(world):
    profile = world.api.create("access-profiles", name="no-native", model_ids=[])
    key = world.create_key("no-native", profile=profile)
    world.wait_for_replicas()
    refused = httpx.get(world.replicas[0].root_url + "/v1/files", trust_env=False, headers={"authorization": f"Bearer {key['key']}"})
    assert refused.status_code == 404 and refused.json()["error"]["code"] == "native_not_allowed"


def test_models_are_listed_in_the_shape_of_each_sdk(world):
    url, key = world.replicas[0].root_url, world.key["key"]
    names = {"claude", "gem", "gem-embedding", "gpt", *(set(KINDS) - {"native"})}
    assert {model.id for model in sdk(world).models.list()} == names
    assert {model.id for model in anthropic.Anthropic(base_url=url, api_key=key).models.list()} == names
    google = genai.Client(api_key=key, http_options=genai_types.HttpOptions(base_url=url))
    assert {model.name for model in google.models.list()} == {f"models/{name}" for name in names}


def test_tokens_are_counted_here_where_no_provider_counts(world, booked):
    """Anthropic's and Google's SDKs ask for a count of a model whose provider has no such call."""
    url, key = world.replicas[0].root_url, world.key["key"]
    claude = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0)
    short = claude.messages.count_tokens(model="gpt", messages=[{"role": "user", "content": "hello"}])
    counted = claude.messages.with_raw_response.count_tokens(model="gpt", messages=[{"role": "user", "content": "hello there, " * 100}])
    assert counted.headers["x-tollgate-estimated"] == "true"
    assert 290 <= counted.parse().input_tokens - short.input_tokens <= 310  # three tokens each time
    google = genai.Client(api_key=key, http_options=genai_types.HttpOptions(base_url=url))
    assert 290 <= google.models.count_tokens(model="gpt", contents="hello there, " * 100).total_tokens <= 320
    assert not world.upstream_server.seen
