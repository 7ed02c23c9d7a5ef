"""A real model behind the gateway: stories260K.gguf, served by llama.cpp, says in each dialect that it speaks what it says
without the gateway, and the ledger has its own token counts. `script/test --real-model` runs it; no other run does."""

import os
from pathlib import Path

import anthropic
import httpx
import openai
import pytest

from harness import Stack, wait_until
from harness.process import ROOT, Process, free_port

SERVER = ROOT / "build" / "real-model" / "build" / "bin" / "llama-server"
REGISTRY = """
providers:
  - {name: llama_server, auth: bearer, apis: [chat, responses, messages], checked: by these tests}
  - {name: llama_server_chat, auth: bearer, apis: [chat], checked: by these tests}
"""
PROMPT = "Once upon a time"
TOKENS = 24
KEY = "sk-of-the-real-model"


class Llama(Process):
    def __init__(self, folder):
        model = Path(os.environ["TOLLGATE_CORPORA"]) / "models" / "stories260K.gguf"
        assert SERVER.exists(), f"{SERVER} is missing: script/test --real-model builds it"
        assert model.exists(), f"{model} is missing"
        self.port = free_port()
        super().__init__("llama-server", [SERVER, "--model", model, "--host", "127.0.0.1", "--port", self.port, "--ctx-size", 512,
                                          "--threads", 1, "--seed", 1, "--temp", 0, "--api-key", KEY], folder / "llama.log", ready=self.answers)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def answers(self):
        try:
            return httpx.get(f"{self.url}/health", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    server = Llama(tmp_path_factory.mktemp("llama"))
    server.start(timeout_s=120)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def stack(postgres, llama, tmp_path_factory):
    registry = tmp_path_factory.mktemp("registry") / "providers.yaml"
    registry.write_text(REGISTRY)
    running = Stack(postgres, controlplane_settings={"provider_registry_file": registry})
    models = []
    for name, kind in (("stories", "llama_server"), ("stories-by-chat", "llama_server_chat")):
        provider = running.api.create("providers", name=name, kind=kind, base_url=llama.url + "/v1")
        credential = running.api.create("credentials", name="main", provider_id=provider["id"], secret=KEY)
        models.append(running.create_model(name, "stories260K", provider, credential))
    running.api.update("access-profiles", running.profile["id"], model_ids=[model["id"] for model in models])
    running.wait_for_replicas()
    yield running
    running.destroy()


def by_chat(url, key, model, stream):
    sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=120)
    options = {"model": model, "max_completion_tokens": TOKENS, "messages": [{"role": "user", "content": PROMPT}]}
    if not stream:
        answer = sdk.chat.completions.create(**options)
        return answer.choices[0].message.content, answer.usage.prompt_tokens, answer.usage.completion_tokens
    chunks = list(sdk.chat.completions.create(**options, stream=True, stream_options={"include_usage": True}))
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    return text, chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens


def by_responses(url, key, model, stream):
    sdk = openai.OpenAI(base_url=url + "/v1", api_key=key, max_retries=0, timeout=120)
    answer = sdk.responses.create(model=model, max_output_tokens=TOKENS, input=PROMPT, stream=stream)
    pieces = []
    if stream:
        for event in answer:
            if event.type == "response.output_text.delta":
                pieces.append(event.delta)
        answer = event.response
    text = "".join(part.text for item in answer.output if item.type == "message" for part in item.content)
    assert not stream or text == "".join(pieces)
    return text, answer.usage.input_tokens, answer.usage.output_tokens


def by_messages(url, key, model, stream):
    sdk = anthropic.Anthropic(base_url=url, api_key=key, max_retries=0, timeout=120)
    options = {"model": model, "max_tokens": TOKENS, "messages": [{"role": "user", "content": PROMPT}]}
    if not stream:
        answer = sdk.messages.create(**options)
    else:
        with sdk.messages.stream(**options) as events:
            answer = events.get_final_message()
    usage = answer.usage
    return ("".join(block.text for block in answer.content if block.type == "text"),
            usage.input_tokens + (usage.cache_read_input_tokens or 0), usage.output_tokens)


@pytest.mark.parametrize("model", ["stories", "stories-by-chat"], ids=["passed_on", "translated_to_chat"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("ask", [by_chat, by_responses, by_messages])
def test_a_real_model_answers_and_its_own_counts_are_booked(stack, llama, ask, stream, model):
    own = ask(llama.url, KEY, "stories260K", stream)
    before = len(stack.books.records())
    text, prompt, said = ask(stack.replicas[0].root_url, stack.key["key"], model, stream)
    (record,) = wait_until(lambda: stack.books.records()[before:], "the record")
    assert text and (text, prompt, said) == own
    assert record["outcome"] == "completed" and not record["is_estimated"], record
    assert record["input_tokens"] + record["cached_input_tokens"] == prompt, record
    assert record["output_tokens"] + record["reasoning_tokens"] == said == TOKENS, record
