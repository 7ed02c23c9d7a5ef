"""What is booked, row by row of docs/metering.md, where it takes a running gateway to see: providers that tell less than
all, clients that leave, providers that die, attempts that fail. Each of the five dialects as the provider's, streamed and
whole, with a client of the same dialect and with one of another."""

import itertools
import json
import os
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from harness import wait_until
from harness.process import ROOT, clean_environment
from scripted.script import Reply
from test_streaming import CHAT, RecordingProvider, add_model, http_answer

DIALECTS = ("chat", "responses", "messages", "gemini", "converse")
ALL_OF_A_MESSAGE = 3 + 3  # what the chat format adds to a single one (common/tokens/tokens.h)
NUMBERS = itertools.count(1)


def tokens_of(*texts):
    """As the gateway counts them: o200k_base for all of these models."""
    program = Path(os.environ.get("TOLLGATE_BIN", ROOT / "build" / "dev" / "bin")).parent / "tests" / "encode_texts"
    frames = b"".join(b"%d\n%s" % (len(text.encode()), text.encode()) for text in texts)
    run = subprocess.run([program], input=frames, capture_output=True, timeout=60, env=clean_environment(), check=True)
    return sum(len(json.loads(line)["o200k_base"]) for line in run.stdout.splitlines())


def request_of(dialect, model, text, stream, choices=1):
    """Path and body."""
    if dialect == "chat":
        return "/v1/chat/completions", {"model": model, "stream": stream, "max_completion_tokens": 200, "n": choices,
                                        "messages": [{"role": "user", "content": text}]}
    if dialect == "responses":
        return "/v1/responses", {"model": model, "stream": stream, "max_output_tokens": 200, "input": text}
    if dialect == "messages":
        return "/v1/messages", {"model": model, "stream": stream, "max_tokens": 200, "messages": [{"role": "user", "content": text}]}
    if dialect == "gemini":
        action = "streamGenerateContent?alt=sse" if stream else "generateContent"
        return f"/v1beta/models/{model}:{action}", {"contents": [{"role": "user", "parts": [{"text": text}]}],
                                                   "generationConfig": {"maxOutputTokens": 200, "candidateCount": choices}}
    return f"/model/{model}/converse{'-stream' if stream else ''}", {
        "messages": [{"role": "user", "content": [{"text": text}]}], "inferenceConfig": {"maxTokens": 200}}


@pytest.fixture(params=DIALECTS)
def dialect(request):
    """The provider's."""
    return request.param


@pytest.fixture(params=["same", "other"])
def client_dialect(request, dialect):
    """The provider's own, or one from which it is translated."""
    if request.param == "same":
        return dialect
    return "messages" if dialect == "chat" else "chat"


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


class Teller:
    def __init__(self, world, dialect, client_dialect, stream):
        self.world, self.dialect, self.client_dialect, self.stream = world, dialect, client_dialect, stream
        self.model = f"via-{dialect}"
        world.scripted.take()

    def headers(self):
        return {"authorization": f"Bearer {self.world.key['key']}", "anthropic-version": "2023-06-01"}

    def build(self, client, text, **options):
        path, body = request_of(self.client_dialect, self.model, text, self.stream, **options)
        return client.build_request("POST", self.world.replicas[0].root_url + path, json=body, headers=self.headers())

    def tell(self, text, **options):
        """(the record, what the provider billed) of a call that is answered."""
        with httpx.Client(trust_env=False, timeout=30.0) as client:
            response = client.send(self.build(client, text, **options))
        assert response.status_code == 200, response.text
        [record] = self.records(response.headers["x-request-id"])
        return record, self.world.scripted.take()[-1].usage

    def records(self, request_id, count=1):
        def booked():
            found = self.world.books.query("SELECT * FROM usage_records WHERE request_id = %s ORDER BY attempt", [request_id])
            return found if len(found) == count else None
        return wait_until(booked, f"{count} records of the request")


@pytest.fixture
def teller(world, dialect, client_dialect, stream):
    return Teller(world, dialect, client_dialect, stream)


def of(record, *names):
    return {name: record[name] for name in names}


def said(text):
    return f"You said: {text}"


# ---- what the provider reports ----

def test_each_kind_of_token_that_a_provider_tells_apart_has_its_column(teller):
    record, billed = teller.tell("[[cached=4 written=3 written1h=2 audio=3 image=2 audio_out=1 image_out=2]] one two three")
    expected = {"cached_input_tokens": 4, "cache_write_5m_tokens": 0, "cache_write_1h_tokens": 0, "input_audio_tokens": 0,
                "input_image_tokens": 0, "output_audio_tokens": 0, "output_image_tokens": 0, "reasoning_tokens": 0}
    if teller.dialect in ("messages", "converse"):
        expected |= {"cache_write_5m_tokens": 3, "cache_write_1h_tokens": 2}
    if teller.dialect in ("chat", "gemini"):
        expected |= {"input_audio_tokens": 3, "input_image_tokens": 2, "output_audio_tokens": 1, "output_image_tokens": 2}
    assert of(record, *expected) == expected
    apart = {name: count for name, count in expected.items() if name != "reasoning_tokens"}
    assert record["input_tokens"] == billed["input"] - sum(n for name, n in apart.items() if not name.startswith("output"))
    assert record["output_tokens"] == billed["output"] - expected["output_audio_tokens"] - expected["output_image_tokens"]
    assert not record["is_estimated"] and record["outcome"] == "completed"


@pytest.mark.parametrize("dialect", ["chat", "gemini"])
@pytest.mark.parametrize("client_dialect", ["same"], indirect=True)
def test_several_choices_share_one_prompt_and_pay_for_every_answer(teller):
    record, billed = teller.tell("one two three", choices=3)
    assert (record["input_tokens"], record["output_tokens"]) == (billed["input"], billed["output"]) == (23, 15)
    assert not record["is_estimated"]


# ---- what it does not ----

def test_without_usage_prompt_and_answer_are_counted_here(teller):
    text = "[[usage=none]] how many words, “quotes”\nand lines are these?"
    record, _ = teller.tell(text)
    assert of(record, "input_tokens", "output_tokens", "is_estimated", "outcome") == {
        "input_tokens": tokens_of(text) + ALL_OF_A_MESSAGE, "output_tokens": tokens_of(said(text)), "is_estimated": True,
        "outcome": "completed"}
    assert record["cost_pusd"] == record["input_tokens"] * 150_000 + record["output_tokens"] * 600_000


def test_a_long_prompt_and_a_long_answer_are_counted_by_a_sample(teller):
    text = "[[usage=none]]" + " word" * 30_000
    record, _ = teller.tell(text)
    assert record["is_estimated"]
    assert abs(record["input_tokens"] - 30_000) < 600
    assert record["output_tokens"] == 200  # never more than was reserved


@pytest.mark.parametrize("dialect", ["chat", "gemini"])
@pytest.mark.parametrize("client_dialect", ["same"], indirect=True)
def test_without_usage_every_choice_is_counted(teller):
    text = "[[usage=none]] one two three"
    record, _ = teller.tell(text, choices=3)
    assert record["is_estimated"] and record["input_tokens"] == tokens_of(text) + ALL_OF_A_MESSAGE
    assert abs(record["output_tokens"] - 3 * tokens_of(said(text))) <= 6


def test_an_answer_too_large_to_be_kept_is_estimated_by_what_was(world):
    body = json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "word " * 300_000}, "finish_reason": "stop"}]}).encode()
    provider = RecordingProvider(http_answer(body))
    add_model(world, "large", provider)
    answer = httpx.post(world.replicas[0].root_url + CHAT, trust_env=False, timeout=30.0, headers={
        "authorization": f"Bearer {world.key['key']}"}, json={"model": "large", "messages": [{"role": "user", "content": "hello world"}]})
    provider.close()
    assert answer.content == body
    [record] = wait_until(lambda: world.books.records("model_name = 'large'"), "the record")
    assert of(record, "is_estimated", "input_tokens", "output_tokens") == {
        "is_estimated": True, "input_tokens": 2 + ALL_OF_A_MESSAGE, "output_tokens": 16384}  # the model's most


@pytest.mark.parametrize("dialect", ["messages"])
@pytest.mark.parametrize("stream", [True], ids=["streamed"])
def test_usage_that_was_told_only_at_the_beginning_is_completed_by_what_came(teller):
    text = "[[usage=start cached=4]] one two three"
    record, billed = teller.tell(text)
    assert (record["input_tokens"], record["cached_input_tokens"]) == (billed["input"] - 4, 4)
    assert (record["output_tokens"], record["is_estimated"]) == (tokens_of(said(text)), True)


# ---- what is cut ----

EVENTS = 8  # so many come of a stream before it is cut
EVENTS_BEFORE_TEXT = {"chat": 1, "responses": 4, "messages": 3, "gemini": 0, "converse": 1}


def is_booked_so_far(record, teller, text, billed):
    """What the provider had told by then, else what there was of the prompt and the answer."""
    words = Reply(text=said(text)).words()[:EVENTS - EVENTS_BEFORE_TEXT[teller.dialect]]
    counted = tokens_of("".join(words))
    if teller.dialect == "gemini" and teller.client_dialect != "gemini":  # told with every piece
        expected = billed["input"], len(words), False
    elif teller.dialect == "gemini":  # likewise, but what passes is looked at once in a while
        expected = billed["input"], 1 + tokens_of("".join(words[1:])), True
    elif teller.dialect == "messages":  # told before the first
        expected = billed["input"], counted, True
    else:
        expected = tokens_of(text) + ALL_OF_A_MESSAGE, counted, True
    assert (record["input_tokens"], record["output_tokens"], record["is_estimated"]) == expected
    assert record["cost_pusd"] > 0


@pytest.mark.parametrize("stream", [True], ids=["streamed"])
def test_a_client_that_leaves_early_pays_for_what_was_made_until_then(teller):
    text = f"[[hang={EVENTS}]] one two three four five six"
    last = Reply(text=said(text)).words()[EVENTS - EVENTS_BEFORE_TEXT[teller.dialect] - 1].strip()
    with httpx.Client(trust_env=False, timeout=30.0) as client:
        response = client.send(teller.build(client, text), stream=True)
        request_id, got = response.headers["x-request-id"], b""
        for piece in response.iter_raw():
            got += piece
            if last.encode() in got:
                break
        response.close()
    [record] = teller.records(request_id)
    assert record["outcome"] == "client_left"
    is_booked_so_far(record, teller, text, teller.world.scripted.take()[-1].usage)


@pytest.mark.parametrize("stream", [False], ids=["whole"])
def test_a_client_that_leaves_before_the_answer_pays_for_its_prompt(teller):
    text = f"[[hang=0]] unlike any other: {next(NUMBERS)}"
    left = "outcome = 'client_left' AND model_name = '%s'" % teller.model
    before = len(teller.world.books.records(left))
    path, body = request_of(teller.client_dialect, teller.model, text, False)
    data = json.dumps(body).encode()
    head = "".join(f"{name}: {value}\r\n" for name, value in teller.headers().items())
    with socket.create_connection(("127.0.0.1", teller.world.replicas[0].port), timeout=30) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nhost: gateway\r\n{head}content-type: application/json\r\n"
                           f"content-length: {len(data)}\r\n\r\n".encode() + data)
        wait_until(lambda: teller.world.scripted.seen and teller.world.scripted.seen[-1].usage, "the provider to be asked")
    record = wait_until(lambda: teller.world.books.records(left)[before:], "the record")[0]
    assert of(record, "input_tokens", "output_tokens", "is_estimated") == {
        "input_tokens": tokens_of(text) + ALL_OF_A_MESSAGE, "output_tokens": 0, "is_estimated": True}


@pytest.mark.parametrize("stream", [True], ids=["streamed"])
def test_a_provider_that_dies_in_the_middle_is_paid_for_what_it_sent(teller):
    text = f"[[cut={EVENTS}]] one two three four five six"
    with httpx.Client(trust_env=False, timeout=30.0) as client:
        response = client.send(teller.build(client, text))
    [record] = teller.records(response.headers["x-request-id"])
    assert record["outcome"] == "provider_failed"
    is_booked_so_far(record, teller, text, teller.world.scripted.take()[-1].usage)


# ---- attempts ----

@pytest.fixture
def twice(world, dialect):
    """A model with two deployments at the same provider."""
    name = f"twice-{dialect}-{next(NUMBERS)}"
    model = world.create_scripted_model(name, dialect)
    provider, credential = world.providers[dialect]
    world.api.create("deployments", name="second", model_id=model["id"], provider_id=provider["id"], credential_id=credential["id"],
                     upstream_model=world.api.list("deployments", model_id=model["id"])[0]["upstream_model"], priority=1)
    world.allow(model)
    world.wait_for_replicas()
    return name


def test_an_attempt_that_was_refused_costs_nothing_and_leaves_one_record(teller, twice):
    teller.model = twice
    record, billed = teller.tell(f"[[once=503]] try {next(NUMBERS)}")
    assert of(record, "attempt", "outcome", "is_estimated", "input_tokens") == {
        "attempt": 1, "outcome": "completed", "is_estimated": False, "input_tokens": billed["input"]}


def test_an_attempt_that_may_be_billed_is_a_record_of_its_own_of_the_same_request(teller, twice):
    teller.model, text = twice, f"[[once=drop]] try {next(NUMBERS)}"
    with httpx.Client(trust_env=False, timeout=30.0) as client:
        response = client.send(teller.build(client, text))
    assert response.status_code == 200, response.text
    first, second = teller.records(response.headers["x-request-id"], 2)
    assert of(first, "attempt", "outcome", "is_estimated", "input_tokens", "output_tokens") == {
        "attempt": 1, "outcome": "provider_failed", "is_estimated": True, "input_tokens": tokens_of(text) + ALL_OF_A_MESSAGE,
        "output_tokens": 0}
    billed = teller.world.scripted.take()[-1].usage
    assert of(second, "attempt", "outcome", "is_estimated", "input_tokens", "output_tokens") == {
        "attempt": 2, "outcome": "completed", "is_estimated": False, "input_tokens": billed["input"], "output_tokens": billed["output"]}
    assert first["deployment_id"] != second["deployment_id"]
