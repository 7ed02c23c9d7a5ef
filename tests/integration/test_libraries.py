"""Libraries that applications are written with do a chat each through the gateway: LangChain and LiteLLM's client."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from langchain_openai import ChatOpenAI

from harness.process import ROOT, clean_environment
from scripted.world import PROVIDERS

LITELLM = ROOT / "build" / "venv-litellm" / "bin" / "python"


@pytest.fixture(params=list(PROVIDERS))
def dialect(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["chat", "responses"])
def langchain(world, dialect, request):
    world.scripted.take()
    return ChatOpenAI(model=f"via-{dialect}", base_url=world.replicas[0].base_url, api_key=world.key["key"], max_retries=0,
                      timeout=60, stream_usage=True, use_responses_api=request.param)


def get_weather(city: str) -> str:
    """The weather in a city"""
    return f"sunny in {city}"


def test_langchain_is_answered(langchain, world, dialect):
    answer = langchain.invoke([("system", "be kind"), ("human", "hello there")])
    (seen,) = world.scripted.take()
    assert seen.dialect == dialect and answer.text == "You said: hello there (told: be kind)"
    assert answer.usage_metadata["input_tokens"] == seen.usage["input"]
    assert answer.usage_metadata["output_tokens"] == seen.usage["output"]


def test_langchain_streams(langchain, world):
    pieces = list(langchain.stream("one two three"))
    (seen,) = world.scripted.take()
    whole = sum(pieces[1:], start=pieces[0])
    assert seen.asked.is_streaming and whole.text == "You said: one two three" and len([p for p in pieces if p.text]) > 1
    assert whole.usage_metadata["output_tokens"] == seen.usage["output"]


def test_langchain_calls_a_tool_and_hears_its_answer(langchain):
    able = langchain.bind_tools([get_weather])
    messages = [("human", "the weather in Paris and Rome")]
    called = able.invoke(messages)
    assert [call["args"]["city"] for call in called.tool_calls] == ["Paris", "Rome"]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": get_weather(call["args"]["city"])} for call in called.tool_calls]
    answered = able.invoke([*messages, called, *results])
    assert answered.text == "The tools say: get_weather=sunny in Paris; get_weather=sunny in Rome"


@pytest.fixture(scope="module")
def litellm(world):
    """What the library saw, and what the provider billed for it. It wants an older openai, so it has its own packages."""
    python = os.environ.get("TOLLGATE_LITELLM_PYTHON", str(LITELLM))
    assert Path(python).exists(), f"{python} is missing: script/test makes it"
    world.scripted.take()
    child = subprocess.run(
        [python, Path(__file__).parent / "litellm" / "talk.py", *(f"via-{dialect}" for dialect in PROVIDERS)],
        capture_output=True, text=True, timeout=180,
        env=clean_environment() | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "GATEWAY_URL": world.replicas[0].root_url,
                                   "GATEWAY_KEY": world.key["key"]})
    assert child.returncode == 0, child.stderr[-3000:]
    return json.loads(child.stdout.splitlines()[-1]), world.scripted.take()


@pytest.mark.parametrize("route", ["openai", "anthropic"])
def test_litellm_chats_and_streams(litellm, dialect, route):
    said, seen = litellm[0][f"{route} via-{dialect}"], [one for one in litellm[1] if one.dialect == dialect]
    assert said["whole"] == said["streamed"] == "You said: hello there"
    assert len(seen) == 4
    assert said["usage"] == [seen[0].usage["input"], seen[0].usage["output"]]
