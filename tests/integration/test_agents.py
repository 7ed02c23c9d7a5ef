"""Coding agents that people use, unmodified, with the gateway where their maker's address was: each runs an errand of
several turns against providers of several dialects, and what it did is on the disk and in the books."""

import subprocess
from pathlib import Path

import httpx
import pytest

from harness import wait_until
from harness.process import clean_environment
from scripted.agent import CONTENT
from scripted.world import is_booked_as_billed

NODE = Path(__file__).parent / "node"
PROGRAMS = NODE / "node_modules" / ".bin"

CODEX_CONFIGURATION = """
model = "{model}"
model_provider = "gateway"

[model_providers.gateway]
name = "gateway"
base_url = "{url}"
env_key = "GATEWAY_KEY"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
"""


def prompt(path):
    return f"Write the file, then read it back and say what it says. [[write={path}]]"


class Agent:
    """A program in a home and a working folder of its own; `errand()` runs it once, to its end."""

    def __init__(self, world, folder):
        self.world, self.home, self.work = world, folder / "home", folder / "work"
        self.home.mkdir()
        self.work.mkdir()
        self.file = self.work / "note.txt"

    def run(self, arguments, **environment):
        assert PROGRAMS.is_dir(), "npm ci has not run in tests/integration/node (script/test does)"
        path = {"HOME": str(self.home), "PATH": clean_environment()["PATH"]}
        return subprocess.run([PROGRAMS / arguments[0], *arguments[1:]], cwd=self.work, env=path | environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)

    def errand(self, model, dialect):
        """Runs it, holds every call against the books, and returns what the provider saw."""
        before = len(self.world.books.records("outcome <> 'refused'"))
        assert not self.world.scripted.take()
        child = self.start(model, prompt(self.file))
        seen = self.world.scripted.take()
        assert child.returncode == 0, f"{child.stdout}\n{child.stderr}\n{[one.asked for one in seen]}"
        assert self.file.read_text() == CONTENT
        assert f"Done. The file says: {CONTENT.strip()}" in child.stdout, child.stdout
        assert [one.dialect for one in seen] == [dialect] * 3 and all(one.asked.is_streaming for one in seen)
        records = wait_until(lambda: (found := self.world.books.records("outcome <> 'refused'")[before:]) and len(found) >= 3 and found, "three records")
        assert len(records) == 3, records
        for record, one in zip(sorted(records, key=lambda record: record["started_at"]), seen):
            is_booked_as_billed(record, one.usage, dialect)
        return seen


class ClaudeCode(Agent):
    def start(self, model, words):
        return self.run(["claude", "-p", words, "--model", model, "--allowedTools", "Write", "Bash(cat:*)"],
                        ANTHROPIC_BASE_URL=self.world.replicas[0].root_url, ANTHROPIC_API_KEY=self.world.key["key"],
                        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1")


class Codex(Agent):
    has_own_provider = False

    def start(self, model, words):
        url, key = self.world.replicas[0].base_url, self.world.key["key"]
        if self.has_own_provider:
            configuration = f'model = "{model}"\nopenai_base_url = "{url}"\n'
        else:
            configuration = CODEX_CONFIGURATION.format(model=model, url=url)
        (self.home / "config.toml").write_text(configuration)
        return self.run(["codex", "exec", "--skip-git-repo-check", "--sandbox", "danger-full-access", words],
                        CODEX_HOME=str(self.home), GATEWAY_KEY=key, CODEX_API_KEY=key)


@pytest.fixture(scope="module")
def agents_world(world):
    """Models by the names that the agents know, which makes them send more than to a stranger."""
    world.allow(*(world.create_scripted_model(name, dialect, upstream, **fields) for name, dialect, upstream, fields in (
        ("claude-opus-4-8", "messages", "claude-opus-4-8", {}),
        ("gpt-5.5", "responses", "gpt-5.5", {}),
        ("gpt-5.5-messages", "messages", "claude-opus-4-8", {"translation_policy": "drop"}),
        ("gpt-5.5-chat", "chat", None, {"translation_policy": "drop"}),
        ("converse-and-drop", "converse", None, {"translation_policy": "drop"}))))
    world.wait_for_replicas()
    return world


@pytest.fixture
def claude(agents_world, tmp_path):
    return ClaudeCode(agents_world, tmp_path)


@pytest.fixture
def codex(agents_world, tmp_path):
    return Codex(agents_world, tmp_path)


def test_claude_code_finishes_an_errand_with_its_own_maker(claude):
    """Passed on as it came: adaptive thinking, context management, beta headers, a system message between the others."""
    seen = claude.errand("claude-opus-4-8", "messages")
    for one in seen:
        assert one.body["thinking"]["type"] == "adaptive" and one.body["context_management"] and one.asked.thinks
        assert "claude-code-20250219" in one.headers["anthropic-beta"]
    assert "system" in [message["role"] for message in seen[0].body["messages"]]


@pytest.mark.parametrize("dialect", ["chat", "responses", "gemini", "converse"])
def test_claude_code_finishes_an_errand_in_translation(claude, dialect):
    seen = claude.errand(f"via-{dialect}", dialect)
    assert {"Write", "Bash", "Read", "Edit"} <= set(seen[0].asked.tools)
    assert any("You are" in text for text in seen[0].asked.system) and seen[0].asked.thinks


def test_codex_finishes_an_errand_with_its_own_maker(codex):
    """Passed on as it came: a tool that takes text, tools in a namespace or behind a search, reasoning that is sent back."""
    seen = codex.errand("gpt-5.5", "responses")
    assert seen[0].asked.tools["apply_patch"] is None and "web_search" in seen[0].asked.hosted
    assert seen[0].body["store"] is False and seen[0].body["include"] == ["reasoning.encrypted_content"]


@pytest.mark.parametrize("dialect", ["responses", "messages", "chat", "gemini"])
def test_codex_finishes_an_errand_with_a_model_that_it_does_not_know(codex, dialect):
    seen = codex.errand(f"via-{dialect}", dialect)
    assert "exec_command" in seen[0].asked.tools and any("Codex" in text for text in seen[0].asked.system)
    assert seen[0].asked.hosted == ["web_search"]


@pytest.mark.parametrize("dialect", ["messages", "chat"])
def test_codex_patches_a_file_in_translation(codex, dialect):
    """With a tool that takes text: messages have none such, and it becomes a function of one string. The models' policy
    drops Codex's search for tools, which it asks of models that it knows and no other dialect has."""
    seen = codex.errand(f"gpt-5.5-{dialect}", dialect)
    assert "apply_patch" in seen[0].asked.tools


def test_codex_is_told_by_name_what_a_model_cannot_be_given(codex):
    """Bedrock's Converse has no web search, which Codex asks for unless it is told not to."""
    child = codex.start("via-converse", prompt(codex.file))
    assert child.returncode != 0 and not codex.world.scripted.take()
    assert "which cannot say 'tools[" in child.stderr and "unsupported_parameter" in child.stderr


def test_codex_goes_without_what_a_model_s_policy_drops(codex):
    seen = codex.errand("converse-and-drop", "converse")
    assert seen[0].asked.hosted == [] and "exec_command" in seen[0].asked.tools


def test_codex_s_built_in_provider_sends_plain_requests_after_one_websocket(codex):
    """It is OpenAI's own with another address; its WebSocket is refused once, in the way that it understands."""
    before = len(codex.world.books.records("error_code = 'websocket_not_served'"))
    codex.has_own_provider = True
    codex.errand("gpt-5.5", "responses")
    assert len(codex.world.books.records("error_code = 'websocket_not_served'")) - before == 1


def test_claude_code_s_look_at_the_base_url_is_answered(world):
    answer = httpx.head(world.replicas[0].root_url + "/", trust_env=False)
    assert answer.status_code == 200 and answer.content == b""
