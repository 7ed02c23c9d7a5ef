"""The official OpenAI SDK for Node, unmodified, through the gateway."""

import json
import subprocess
from pathlib import Path

import pytest

from harness.process import clean_environment

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def seen(stack):
    assert (NODE / "node_modules" / "openai").is_dir(), "npm ci has not run in tests/integration/node (script/test does)"
    run = subprocess.run(
        ["node", "sdk.mjs"], cwd=NODE, capture_output=True, text=True, timeout=120,
        env=clean_environment() | {"OPENAI_BASE_URL": stack.replicas[0].base_url, "OPENAI_API_KEY": stack.key["key"]})
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_node_chat_is_answered_with_usage(seen):
    assert seen["chat"]["content"] and seen["chat"]["finish"] == "stop"
    assert seen["chat"]["usage"]["total_tokens"] > 0


def test_node_stream_says_the_same_and_hides_the_usage_chunk(seen):
    assert seen["stream"] == {"content": seen["chat"]["content"], "chunksWithoutChoices": 0}


def test_node_tool_call_goes_there_and_back(seen):
    assert seen["tool"]["name"] == "get_weather" and seen["tool"]["finish"] == "stop"
    assert seen["streamedTool"]["name"] == "get_weather"


def test_node_embeddings_and_models_are_returned(seen):
    assert seen["embeddings"]["count"] == 2 and seen["embeddings"]["dimensions"] > 0
    assert seen["models"] == ["gpt-4o-mini", "text-embedding-3-small"]


def test_node_errors_are_the_sdk_s_own_classes(seen):
    assert seen["unknownModel"]["type"] == "NotFoundError" and seen["unknownModel"]["code"] == "model_not_found"
    assert seen["unknownKey"]["type"] == "AuthenticationError" and seen["unknownKey"]["code"] == "invalid_api_key"


def test_node_calls_are_booked_as_the_provider_billed_them(seen, stack):
    assert stack.books.assert_equal_to_the_provider() >= 6
