"""A stack whose models are answered by the scripted provider: `via-chat` is one that speaks chat completions, and so on."""

from typing import NamedTuple

from harness import Stack

from .server import ScriptedProvider

# Kinds of providers that speak one dialect alone, so that the gateway has no choice.
REGISTRY = """
providers:
  - {name: only_chat, auth: bearer, apis: [chat], checked: by these tests}
  - {name: only_responses, auth: bearer, apis: [responses], checked: by these tests}
"""


class Speaker(NamedTuple):
    """A provider of one dialect: its kind, where its paths begin, and a model it may have (names say what a model can)."""

    kind: str
    prefix: str
    model: str


PROVIDERS = {"chat": Speaker("only_chat", "/v1", "gpt-5.1"), "responses": Speaker("only_responses", "/v1", "gpt-5.1"),
             "messages": Speaker("anthropic", "/v1", "claude-sonnet-4-5"), "gemini": Speaker("gemini", "", "gemini-2.5-pro"),
             "converse": Speaker("bedrock", "", "anthropic.claude-sonnet-4-5-20250929-v1:0")}


class World(Stack):
    def __init__(self, postgres, folder, provider=None):
        """`provider` is another one with a `url` that speaks all dialects, and `close()`."""
        registry = folder / "providers.yaml"
        registry.write_text(REGISTRY)
        self.scripted = provider or ScriptedProvider()
        try:
            super().__init__(postgres, controlplane_settings={"provider_registry_file": registry})
        except BaseException:
            self.scripted.close()
            raise

    def set_up(self):
        super().set_up()
        self.providers = {dialect: self.create_provider(dialect) for dialect in PROVIDERS}
        self.allow(*(self.create_scripted_model(f"via-{dialect}", dialect) for dialect in PROVIDERS))

    def create_provider(self, dialect):
        """A provider of that dialect and a credential for it."""
        region = {"region": "us-east-1"} if dialect == "converse" else {}
        provider = self.api.create("providers", name=dialect, kind=PROVIDERS[dialect].kind,
                                   base_url=self.scripted.url + PROVIDERS[dialect].prefix, **region)
        aws = {"kind": "aws_access_key", "access_key_id": "AKIDEXAMPLE"} if dialect == "converse" else {}
        return provider, self.api.create("credentials", name="main", provider_id=provider["id"], secret="provider-secret", **aws)

    def create_scripted_model(self, name, dialect, upstream_model=None, **fields):
        return self.create_model(name, upstream_model or PROVIDERS[dialect].model, *self.providers[dialect], **fields)

    def allow(self, *models):
        """Adds them to what the key may use."""
        ids = self.api.show("access-profiles", self.profile["id"])["model_ids"] + [model["id"] for model in models]
        self.profile = self.api.update("access-profiles", self.profile["id"], model_ids=ids)

    def destroy(self, check=True):
        self.scripted.close()
        super().destroy(check)


def is_booked_as_billed(record, billed, dialect):
    """Each token in its own column."""
    assert not record["is_estimated"] and record["outcome"] == "completed", record
    assert record["cached_input_tokens"] == billed["cached"], record
    written = record["cache_write_5m_tokens"]
    assert written == (billed["cache_write"] if dialect in ("messages", "converse") else 0), record
    assert record["input_tokens"] + record["cached_input_tokens"] + written == billed["input"], (record, billed)
    reasoning = billed["reasoning"] if dialect not in ("messages", "converse") else 0  # these do not tell it apart
    assert record["reasoning_tokens"] == reasoning, (record, billed)
    assert record["output_tokens"] + record["reasoning_tokens"] == billed["output"], (record, billed)
