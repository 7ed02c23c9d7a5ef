"""Every client dialect, by its official SDK, against a provider of every dialect: what was said, what came back, and what
was booked are the same, whichever way it went."""

import json

import pytest

from clients import CLIENTS, Refused
from harness import wait_until
from scripted.world import PROVIDERS, is_booked_as_billed

PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001"
                    "a5f645400000000049454e44ae426082")


@pytest.fixture(params=list(CLIENTS))
def client_name(request):
    return request.param


@pytest.fixture(params=list(PROVIDERS))
def provider_name(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["whole", "streamed"])
def stream(request):
    return request.param


@pytest.fixture
def pair(world, client_name, provider_name, stream):
    """ask(turns, **options) -> what the client got, once the record of the call is known to be right."""
    world.scripted.take()
    client = CLIENTS[client_name](world.replicas[0].root_url, world.key["key"], f"via-{provider_name}")

    if client_name == "converse" and provider_name != "converse":  # /bedrock/… is for Bedrock alone: the path without it is for all
        client.sdk.meta.events.register("before-send.bedrock-runtime.*", without_provider_name)

    def ask(turns, **options):
        before = len(world.books.records("outcome <> 'refused'"))
        got = client.ask(turns, stream=stream, **options)
        (seen,) = world.scripted.take()
        assert seen.dialect == provider_name and seen.asked.model == PROVIDERS[provider_name].model
        record = wait_until(lambda: world.books.records("outcome <> 'refused'")[before:], "the record")[0]
        is_booked_as_billed(record, seen.usage, provider_name)
        assert got.usage["input"] == seen.usage["input"] and got.usage["output"] == seen.usage["output"], (got.usage, seen.usage)
        assert got.usage["cached"] == seen.usage["cached"]
        return got, seen.asked
    ask.client, ask.client_name, ask.provider_name, ask.stream = client, client_name, provider_name, stream
    return ask


def without_provider_name(request, **_):
    request.url = request.url.replace("/bedrock/", "/")


def test_a_question_is_answered(pair):
    got, asked = pair([("user", "what is “new”?\n\t☕ 😀")], system="be kind")
    assert asked.system == ["be kind"] and asked.text == "what is “new”?\n\t☕ 😀"
    assert got.text == "You said: what is “new”?\n\t☕ 😀 (told: be kind)" and got.finish == "stop"


def test_cached_and_written_tokens_have_columns_of_their_own(pair):
    pair([("user", "[[cached=4 written=3]] hello")])


def test_tools_are_called_in_parallel_and_answered(pair):
    turns = [("user", "the weather in Paris and Rome, please")]
    got, asked = pair(turns, tools=True)
    assert set(asked.tools) == {"get_weather"} and asked.tools["get_weather"]["required"] == ["city"]
    assert got.finish == "tools" and [call[1] for call in got.calls] == ["get_weather"] * 2
    assert [call[2]["city"] for call in got.calls] == ["Paris", "Rome"]
    assert got.calls[0][2]["note"] == 'a "quoted"\nline'
    turns += [("assistant", got), ("tools", [(got.calls[0][0], "get_weather", "sunny", False),
                                             (got.calls[1][0], "get_weather", "no such station", True)])]
    got, asked = pair(turns, tools=True)
    assert "get_weather=sunny" in got.text and "get_weather=no such station" in got.text
    knows_errors = {"messages", "gemini", "converse"}
    if {pair.client_name, pair.provider_name} <= knows_errors:
        assert "no such station (error)" in got.text
    assert got.finish == "stop"


def test_an_image_arrives(pair):
    got, asked = pair([("image", "image/png", PNG, "what is this?")])
    assert asked.parts("image") == [("image", "image/png", PNG)] and asked.text == "what is this?"
    assert got.text == f"I see: image image/png {len(PNG)}"


def test_an_answer_follows_a_json_schema(pair):
    got, asked = pair([("user", "where?")], schema=True)
    assert asked.schema["required"] == ["city", "degrees"]
    assert json.loads(got.text) == {"city": "Paris", "degrees": 21}


def test_thinking_is_seen_and_can_be_sent_back(pair):
    turns = [("user", "the weather in Oslo")]
    got, asked = pair(turns, think=True, tools=True)
    assert asked.thinks
    assert got.thinking == "Let me think. Then “answer”."
    turns += [("assistant", got), ("tools", [(got.calls[0][0], "get_weather", "rain", False)])]
    got, _ = pair(turns, think=True, tools=True)
    assert "get_weather=rain" in got.text


@pytest.mark.parametrize("client_name", [name for name in CLIENTS if name != "responses"])  # that dialect has none
def test_a_stop_sequence_stops(pair):
    if pair.provider_name == "responses":
        with pytest.raises(Refused) as refused:
            pair([("user", "one two three")], stop="two")
        assert refused.value.status == 400 and "stop" in refused.value.message
        return
    got, asked = pair([("user", "one two three")], stop="two")
    assert asked.stops == ["two"] and got.text.rstrip() == "You said: one" and got.finish == "stop"


def test_a_maximum_cuts(pair):
    got, asked = pair([("user", "cutme one two three four five")], max_tokens=4)
    assert asked.max_tokens == 4 and got.finish == "length" and got.text.split() == ["You", "said:", "cutme", "one"]


@pytest.mark.parametrize("status", [400, 429, 503])
def test_an_error_arrives_in_the_clients_own_words(world, client_name, provider_name, stream, status):
    world.scripted.take()
    client = CLIENTS[client_name](world.replicas[0].root_url, world.key["key"], f"via-{provider_name}")
    if client_name == "converse" and provider_name != "converse":
        client.sdk.meta.events.register("before-send.bedrock-runtime.*", without_provider_name)
    with pytest.raises(Refused) as refused:
        client.ask([("user", f"[[status={status}]]")], stream=stream)
    assert refused.value.status == status and f"the script says {status}" in refused.value.message
    if status == 429:
        assert refused.value.retry_after == "7"
    assert all(record["cost_pusd"] == 0 for record in world.books.records("outcome = 'provider_error'"))


def test_a_stream_that_breaks_off_ends_as_an_error_for_the_client(world, client_name, provider_name):
    world.scripted.take()
    client = CLIENTS[client_name](world.replicas[0].root_url, world.key["key"], f"via-{provider_name}")
    if client_name == "converse" and provider_name != "converse":
        client.sdk.meta.events.register("before-send.bedrock-runtime.*", without_provider_name)
    before = len(world.books.records("outcome <> 'refused'"))
    with pytest.raises(Exception) as broken:
        client.ask([("user", "[[cut=4]] a few words that will never arrive in full")], stream=True)
    assert not isinstance(broken.value, (AssertionError, json.JSONDecodeError)), broken.value
    record = wait_until(lambda: world.books.records("outcome <> 'refused'")[before:], "the record")[0]
    assert record["outcome"] == "provider_failed" and record["input_tokens"] + record["output_tokens"] > 0, record
