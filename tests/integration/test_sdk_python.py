"""The official OpenAI SDK for Python, unmodified, through the gateway."""

import json
from decimal import Decimal

import openai
import pytest

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


@pytest.fixture
def client(stack):
    return stack.openai()


def say(text):
    return [{"role": "user", "content": text}]


def test_a_chat_is_answered_with_usage(client):
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=say("hello there"))
    assert answer.choices[0].message.content
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.prompt_tokens > 0 and answer.usage.completion_tokens > 0
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_an_answer_says_its_request_id_revision_tokens_and_cost(client, stack):
    raw = client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=say("what does this cost?"))
    usage = raw.parse().usage
    assert raw.headers["x-request-id"]
    assert int(raw.headers["x-tollgate-revision"]) == stack.revision()
    assert int(raw.headers["x-tollgate-input-tokens"]) == usage.prompt_tokens
    assert int(raw.headers["x-tollgate-output-tokens"]) == usage.completion_tokens
    cost = (usage.prompt_tokens * Decimal("0.15") + usage.completion_tokens * Decimal("0.60")) / 10**6
    assert Decimal(raw.headers["x-tollgate-cost-usd"]) == cost


def test_a_streamed_chat_says_the_same_as_a_whole_one(client):
    whole = client.chat.completions.create(model="gpt-4o-mini", messages=say("tell me more"))
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=say("tell me more"), stream=True)
    pieces, finish = [], None
    for chunk in stream:
        assert chunk.choices, "the usage chunk must be hidden from a client that did not ask for it"
        pieces.append(chunk.choices[0].delta.content or "")
        finish = chunk.choices[0].finish_reason or finish
    assert "".join(pieces) == whole.choices[0].message.content
    assert finish == "stop"


def test_a_client_that_asks_for_usage_in_the_stream_gets_it(client):
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=say("count me"), stream=True,
                                            stream_options={"include_usage": True})
    chunks = list(stream)
    assert chunks[-1].choices == [] and chunks[-1].usage.total_tokens > 0


@pytest.mark.parametrize("is_streaming", [False, True])
def test_a_tool_call_goes_there_and_back(client, is_streaming):
    messages = say("call get_weather for Berlin")
    if is_streaming:
        with client.chat.completions.stream(model="gpt-4o-mini", messages=messages, tools=[WEATHER]) as stream:
            answer = stream.get_final_completion()
    else:
        answer = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    call = choice.message.tool_calls[0]
    assert call.function.name == "get_weather"
    assert isinstance(json.loads(call.function.arguments), dict)
    messages = [*messages, choice.message.model_dump(exclude_none=True, exclude={"parsed"}),
                {"role": "tool", "tool_call_id": call.id, "content": '{"celsius": 21}'}]
    for tool_call in messages[1]["tool_calls"]:
        tool_call["function"].pop("parsed_arguments", None)
    final = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[WEATHER])
    assert final.choices[0].finish_reason == "stop" and final.choices[0].message.content


def test_embeddings_are_returned(client):
    answer = client.embeddings.create(model="text-embedding-3-small", input=["one", "two words"])
    assert len(answer.data) == 2 and len(answer.data[0].embedding) > 0
    assert answer.usage.prompt_tokens > 0


def test_the_model_list_holds_what_the_profile_allows_and_no_more(client, stack):
    stack.create_model("secret-model")
    stack.wait_for_replicas()
    assert {model.id for model in client.models.list()} == {"gpt-4o-mini", "text-embedding-3-small"}
    assert client.models.retrieve("gpt-4o-mini").id == "gpt-4o-mini"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("secret-model")


def test_an_unknown_key_is_an_authentication_error(stack):
    with pytest.raises(openai.AuthenticationError) as caught:
        stack.openai(key="sk-wrong").chat.completions.create(model="gpt-4o-mini", messages=say("hi"))
    assert caught.value.code == "invalid_api_key"


def test_a_model_outside_the_profile_does_not_exist(client, stack):
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=say("hi"))
    assert caught.value.code == "model_not_found"
    assert "no-such-model" in caught.value.message


def test_the_provider_s_own_error_reaches_the_client(client):
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=say("[[sim status=429 retry_after=3]]"))
    assert caught.value.response.headers["retry-after"] == "3"


def test_a_provider_that_dies_in_the_middle_of_a_stream_is_an_error_not_a_short_answer(client):
    stream = client.chat.completions.create(model="gpt-4o-mini", stream=True,
                                            messages=say("[[sim tokens=40 drop_after=5]] a long story"))
    with pytest.raises(openai.APIError) as caught:
        for _ in stream:
            pass
    assert "provider" in str(caught.value).lower()


def test_the_sdk_finds_a_misspelt_path_told_as_such(client):
    with pytest.raises(openai.NotFoundError) as caught:
        client.post("/chat/completion", cast_to=object, body={})
    assert caught.value.body["code"] == "unknown_url"


def test_every_call_of_this_module_is_booked_as_the_provider_billed_it(client, stack):
    client.chat.completions.create(model="gpt-4o-mini", messages=say("[[sim cached=4 reasoning=7 tokens=20]] one two three four five six"))
    stack.books.assert_equal_to_the_provider(only_completed=True)
    stack.books.assert_no_gaps()
