"""Each SDK finds its path and puts its key where it does; two keys that differ are refused."""

import httpx
import openai
import pytest

CHAT = {"messages": [{"role": "user", "content": "hello"}]}
PLACES = {"bearer": lambda key: {"headers": {"authorization": f"Bearer {key}"}}, "x-api-key": lambda key: {"headers": {"x-api-key": key}},
          "api-key": lambda key: {"headers": {"api-key": key}}, "x-goog-api-key": lambda key: {"headers": {"x-goog-api-key": key}},
          "query": lambda key: {"params": {"key": key}}}
MODEL = "gpt-4o-mini"


def post(stack, path, json, **where):
    return httpx.post(stack.replicas[0].root_url + path, json=json, trust_env=False, timeout=30, **where)


@pytest.mark.parametrize("place", PLACES)
def test_a_key_is_accepted_where_an_sdk_puts_it(stack, place):
    answer = post(stack, "/v1/chat/completions", CHAT | {"model": MODEL}, **PLACES[place](stack.key["key"]))
    assert answer.status_code == 200, answer.text


def test_two_keys_that_differ_are_refused_and_the_same_twice_is_fine(stack):
    key = stack.key["key"]
    twice = {"authorization": f"Bearer {key}", "x-api-key": key}
    assert post(stack, "/v1/chat/completions", CHAT | {"model": MODEL}, headers=twice).status_code == 200
    refused = post(stack, "/v1/chat/completions", CHAT | {"model": MODEL}, headers=twice | {"x-api-key": "sk-other"})
    assert refused.status_code == 401 and refused.json()["error"]["code"] == "conflicting_api_keys"


def test_a_key_in_the_query_reaches_neither_provider_nor_log(stack):
    secret = "sk-in-a-query-0123456789"
    assert post(stack, "/v1/chat/completions", CHAT | {"model": MODEL}, params={"key": secret}).status_code == 401
    assert secret not in stack.replicas[0].log.read_text()


def test_azures_sdk_names_the_model_in_the_path(stack):
    azure = openai.AzureOpenAI(azure_endpoint=stack.replicas[0].root_url, api_key=stack.key["key"], api_version="2024-10-21", max_retries=0)
    assert azure.chat.completions.create(model=MODEL, **CHAT).choices[0].message.content
    assert azure.embeddings.create(model="text-embedding-3-small", input="hello").data[0].embedding


def test_a_model_in_the_path_alone_is_enough(stack):
    answer = post(stack, f"/openai/deployments/{MODEL}/chat/completions?api-version=2024-10-21", CHAT, headers={"api-key": stack.key["key"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == MODEL


@pytest.mark.parametrize("path", ["/chat/completions", "/v1/chat/completions/"])
def test_paths_of_other_gateways_work_too(stack, path):
    answer = post(stack, path, CHAT | {"model": MODEL}, headers={"authorization": f"Bearer {stack.key['key']}"})
    assert answer.status_code == 200


def test_a_provider_in_the_path_must_be_one_that_serves_the_model(stack):
    bearer = {"headers": {"authorization": f"Bearer {stack.key['key']}"}}
    assert post(stack, "/openai/v1/chat/completions", CHAT | {"model": MODEL}, **bearer).status_code == 200
    refused = post(stack, "/anthropic/v1/messages", {"model": MODEL, "max_tokens": 9, **CHAT}, **bearer)
    assert refused.status_code == 503 and refused.json()["type"] == "error", refused.text


@pytest.mark.parametrize(("path", "shape"), [
    ("/v1/chat/completions", lambda body: body["error"]["code"]), ("/v1/responses", lambda body: body["error"]["code"]),
    ("/v1/messages", lambda body: body["error"]["type"]), ("/v1beta/models/x:generateContent", lambda body: body["error"]["status"]),
    ("/model/x/converse", lambda body: body["message"])])
def test_bad_input_is_told_in_the_shape_of_the_path(stack, path, shape):
    before = len(stack.provider.billed())
    answer = httpx.post(stack.replicas[0].root_url + path, content=b"{not json", trust_env=False,
                        headers={"authorization": f"Bearer {stack.key['key']}", "content-type": "application/json"})
    assert answer.status_code == 400 and shape(answer.json()), answer.text
    if path.startswith("/model/"):
        assert answer.headers["x-amzn-errortype"] == "ValidationException"
    assert len(stack.provider.billed()) == before
