"""A mock of the providers that others wrote, aimock, behind the gateway: what it takes for each dialect is not our idea of it.
Its usage is often nothing, so only what is said is judged here."""

import json
from pathlib import Path

import httpx
import pytest

from clients import CLIENTS
from harness.process import Process, free_port
from scripted.world import PROVIDERS, World

NODE = Path(__file__).parent / "node"
ANSWER = "Answered by a mock that others wrote."
FIXTURES = {"fixtures": [
    {"match": {"userMessage": "the weather"}, "response": {"toolCalls": [{"name": "get_weather", "arguments": {"city": "Oslo"}}]}},
    {"match": {"userMessage": "hello"}, "response": {"content": ANSWER}},
]}


class Mock(Process):
    def __init__(self, folder):
        fixtures, self.port = folder / "fixtures.json", free_port()
        fixtures.write_text(json.dumps(FIXTURES))
        self.url = f"http://127.0.0.1:{self.port}"
        program = NODE / "node_modules" / ".bin" / "llmock"
        assert program.exists(), "npm ci has not run in tests/integration/node (script/test does)"
        super().__init__("aimock", [program, "--port", self.port, "--fixtures", fixtures, "--strict"], folder / "aimock.log",
                         ready=self.answers)

    def answers(self):
        try:
            return httpx.get(f"{self.url}/v1/models", trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def close(self):
        self.stop()


@pytest.fixture(scope="module")
def world(postgres, tmp_path_factory):
    folder = tmp_path_factory.mktemp("aimock")
    running = World(postgres, folder, Mock(folder).start())
    yield running
    running.destroy()


@pytest.fixture(params=list(CLIENTS))
def client_name(request):
    return request.param


@pytest.fixture(params=list(PROVIDERS))
def client(world, client_name, request):
    made = CLIENTS[client_name](world.replicas[0].root_url, world.key["key"], f"via-{request.param}")
    if client_name == "converse" and request.param != "converse":  # /bedrock/… is for Bedrock alone
        made.sdk.meta.events.register("before-send.bedrock-runtime.*", without_provider_name)
    return made


def without_provider_name(request, **_):
    request.url = request.url.replace("/bedrock/", "/")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_mock_s_answer_arrives(client, client_name, stream):
    if stream and client_name == client.model.removeprefix("via-") == "converse":
        pytest.skip("the mock's empty contentBlockStart is passed on as it is, and AWS's own SDK does not read it")
    got = client.ask([("user", "hello")], stream=stream)
    assert got.text == ANSWER and got.finish == "stop"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_a_mock_s_tool_call_arrives(client, stream):
    got = client.ask([("user", "the weather, please")], tools=True, stream=stream)
    assert [(call[1], call[2]) for call in got.calls] == [("get_weather", {"city": "Oslo"})] and got.finish == "tools"
