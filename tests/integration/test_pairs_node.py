"""The official SDKs for Node against a provider of every dialect. Each runs once, through all that node/pairs/scenarios.mjs
has, and prints what it saw; that is judged here, beside what the provider was asked and what was booked."""

import base64
import json
import re
import subprocess
from pathlib import Path

import pytest

from harness import wait_until
from harness.process import clean_environment
from scripted.server import COUNTED
from scripted.world import PROVIDERS, is_booked_as_billed

NODE = Path(__file__).parent / "node"
FACES = ("chat", "responses", "messages", "gemini")
REFUSALS = ("400", "429", "503")
# The calls that reach a provider, in their order: each face makes them whole and then streamed, against each model.
CALLS = ["question", "cached", "tools.called", "tools.answered", "image", "schema", "thinking.called", "thinking.answered",
         *REFUSALS]

CONVERSATIONS = "outcome <> 'refused' AND endpoint <> 'count_tokens'"


def started(record):
    return record["started_at"]


class Run:
    """What one SDK saw, what the provider was asked meanwhile, and the records of it."""

    def __init__(self, world, face):
        world.scripted.take()
        before = len(world.books.records(CONVERSATIONS))
        models = [f"via-{dialect}" for dialect in PROVIDERS]
        url, key = world.replicas[0].root_url, world.key["key"]
        child = subprocess.run(
            ["node", f"pairs/{face}.mjs", *models], cwd=NODE, capture_output=True, text=True, timeout=180,
            env=clean_environment() | {"OPENAI_BASE_URL": url + "/v1", "OPENAI_API_KEY": key, "ANTHROPIC_BASE_URL": url,
                                       "ANTHROPIC_API_KEY": key, "GEMINI_BASE_URL": url, "GEMINI_API_KEY": key})
        assert child.returncode == 0, child.stderr
        self.said = json.loads(child.stdout)
        self.asked = {dialect: [] for dialect in PROVIDERS}
        for seen in world.scripted.take():
            self.asked[seen.dialect].append(seen)
        calls = sum(len(seen) for seen in self.asked.values())
        records = wait_until(lambda: (found := world.books.records(CONVERSATIONS)[before:]) and len(found) >= calls and found,
                             f"{calls} records")
        assert len(records) == calls
        ids = {model["name"]: model["id"] for model in world.api.list("models")}
        self.records = {dialect: [record for record in sorted(records, key=started) if str(record["model_id"]) == ids[f"via-{dialect}"]] for dialect in PROVIDERS}


@pytest.fixture(scope="module")
def runs(world):
    return {}


@pytest.fixture(params=FACES)
def face(request):
    return request.param


@pytest.fixture(params=list(PROVIDERS))
def dialect(request):
    return request.param


@pytest.fixture
def run(world, runs, face):
    assert (NODE / "node_modules" / "openai").is_dir(), "npm ci has not run in tests/integration/node (script/test does)"
    if face not in runs:
        runs[face] = Run(world, face)
    return runs[face]


@pytest.fixture(params=["whole", "streamed"])
def pair(run, dialect, request):
    """pair(name) -> what the client got, what the provider was asked, and what was booked for it."""
    half = len(CALLS) if request.param == "streamed" else 0
    assert len(run.asked[dialect]) == len(run.records[dialect]) == 2 * len(CALLS)

    def look_up(name):
        got = run.said[f"via-{dialect}"][request.param]
        for part in name.split("."):
            got = got["refusals"][part] if part in REFUSALS else got[part]
        at = half + CALLS.index(name)
        return got, run.asked[dialect][at], run.records[dialect][at]
    look_up.is_streamed = request.param == "streamed"
    return look_up


def check_books(pair, dialect, *names):
    for name in names:
        got, seen, record = pair(name)
        assert seen.asked.is_streaming == pair.is_streamed
        is_booked_as_billed(record, seen.usage, dialect)
        assert got["usage"] == {name: seen.usage[name] for name in ("input", "output", "cached")}


def test_a_question_is_answered_in_node(pair, dialect):
    got, seen, _ = pair("question")
    assert seen.asked.system == ["be kind"] and seen.asked.text == "what is “new”?\n\t☕ 😀"
    assert got["text"] == "You said: what is “new”?\n\t☕ 😀 (told: be kind)" and got["finish"] == "stop"
    check_books(pair, dialect, "question", "cached")


def test_tools_are_called_in_parallel_and_answered_in_node(pair, dialect):
    got, seen, _ = pair("tools.called")
    assert seen.asked.tools["get_weather"]["required"] == ["city"]
    assert got["finish"] == "tools"
    assert [call["arguments"] for call in got["calls"]] == [
        {"city": city, "note": 'a "quoted"\nline'} for city in ("Paris", "Rome")]
    got, seen, _ = pair("tools.answered")
    assert got["text"] == "The tools say: get_weather=sunny; get_weather=rainy" and got["finish"] == "stop"
    check_books(pair, dialect, "tools.called", "tools.answered")


def test_an_image_from_node_arrives(pair, dialect):
    got, seen, _ = pair("image")
    png = re.search(r'PNG =\s*"(.*?)"', (NODE / "pairs" / "scenarios.mjs").read_text())[1]
    assert seen.asked.parts("image") == [("image", "image/png", base64.b64decode(png))] and seen.asked.text == "what is this?"
    assert got["text"] == f"I see: image image/png {len(base64.b64decode(png))}"
    check_books(pair, dialect, "image")


def test_an_answer_follows_a_json_schema_in_node(pair, dialect):
    got, seen, _ = pair("schema")
    assert seen.asked.schema["required"] == ["city", "degrees"]
    assert json.loads(got["text"]) == {"city": "Paris", "degrees": 21}
    check_books(pair, dialect, "schema")


def test_thinking_is_seen_and_sent_back_in_node(pair, dialect):
    got, seen, _ = pair("thinking.called")
    assert seen.asked.thinks and got["thinking"] == "Let me think. Then “answer”." and got["finish"] == "tools"
    got, seen, _ = pair("thinking.answered")
    assert got["text"] == "The tools say: get_weather=rain"
    check_books(pair, dialect, "thinking.called", "thinking.answered")


def test_an_error_is_of_the_node_sdk_s_own_class(pair, face):
    names = {"400": "BadRequestError", "429": "RateLimitError",
             "503": "ServiceUnavailableError" if face == "messages" else "InternalServerError"}
    for status in REFUSALS:
        got, _, record = pair(status)
        assert got["type"] == ("ApiError" if face == "gemini" else names[status])
        assert got["status"] == int(status) and f"the script says {status}" in got["message"]
        if status == "429" and face != "gemini":  # whose error class has no headers
            assert got["retryAfter"] == "7"
        assert record["outcome"] == "provider_error" and record["cost_pusd"] == 0


def test_tokens_are_counted_for_node(run, face, dialect):
    counted = run.said[f"via-{dialect}"]["tokens"]
    if face in ("chat", "responses"):
        assert counted is None, "these SDKs have no such call"
    elif face == dialect:
        assert counted == COUNTED, "the provider's own count"
    else:
        assert isinstance(counted, int) and 5 < counted < 50, counted  # the gateway's own, of one short question
