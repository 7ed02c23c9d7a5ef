"""Prices: what the API takes, what calls then cost, and lists of prices that others keep."""

import json
import os
import subprocess
import uuid
from decimal import Decimal
from pathlib import Path

import httpx
import pytest

from harness import wait_until
from harness.api import ApiError
from harness.process import ROOT, binary, clean_environment
from test_streaming import CHAT, RecordingProvider, add_model, http_answer

CORPORA = Path(os.environ.get("TOLLGATE_CORPORA", ROOT / ".." / "shared" / "data"))
LITELLM = CORPORA / "prices" / "litellm_model_prices.json"

FULL = {
    "currency": "USD",
    "rates": {"input": "2.50", "cached_input": "1.25", "cache_write_5m": "3.125", "output": "10.00", "images": "0.04",
              "audio_minutes": "0.006", "characters": "15", "web_searches": "0.01", "search_units": "0.002"},
    "tiers": [{"above_input_tokens": 272000, "rates": {"input": "5", "output": "15"}},
              {"above_input_tokens": 128000, "rates": {"input": "3"}}],
    "service_tiers": {"batch": {"rates": {"input": "1.25", "output": "5"}, "tiers": []},
                      "flex": {"rates": {}, "tiers": [{"above_input_tokens": 272000, "rates": {"output": "7"}}]}},
    "request_price": "0.005",
}


@pytest.fixture
def deployment(stack):
    """A model of its own for each test, without a price."""
    name = f"priced-{uuid.uuid4().hex[:8]}"
    model = stack.api.create("models", name=name, max_input_tokens=1000000, max_output_tokens=1000)
    made = stack.api.create("deployments", name=f"{name}-main", model_id=model["id"], provider_id=stack.upstream["id"],
                            credential_id=stack.credential["id"], upstream_model=name)
    yield made
    stack.api.delete("deployments", made["id"])
    stack.api.delete("models", model["id"])


def in_force(stack, deployment):
    prices = stack.api.list("prices", deployment_id=deployment["id"])
    return max(prices, key=lambda price: price["effective_from"]) if prices else None


# ---- the API ----

def test_a_price_says_everything_that_a_price_page_says_and_comes_back_in_its_own_form(stack, deployment):
    made = stack.api.create("prices", deployment_id=deployment["id"], source="a page", **FULL)
    assert made["rates"] == FULL["rates"] | {"input": "2.5", "output": "10"}
    assert [tier["above_input_tokens"] for tier in made["tiers"]] == [128000, 272000]
    assert made["service_tiers"] == FULL["service_tiers"]
    assert made["currency"] == "USD" and made["request_price"] == "0.005"
    assert stack.api.show("prices", made["id"]) == made
    assert stack.api.list("prices", deployment_id=deployment["id"]) == [made]


@pytest.mark.parametrize("fields, named", [
    ({}, "rates"),
    ({"rates": {}}, "rates"),
    ({"rates": {"input": 2.5}}, "rates.input"),
    ({"rates": {"input": "1", "tokens": "1"}}, "rates.tokens"),
    ({"rates": {"input": "0.0000001"}}, "rates.input"),
    ({"rates": {"input": "-1"}}, "rates.input"),
    ({"rates": {"input": "1"}, "tiers": [{"above_input_tokens": 0, "rates": {"input": "1"}}]}, "tiers[0].above_input_tokens"),
    ({"rates": {"input": "1"}, "service_tiers": {"default": {"rates": {"input": "1"}}}}, "service_tiers.default"),
    ({"rates": {"input": "1"}, "currency": "EUR"}, "currency"),
    ({"rates": {"input": "1"}, "input_per_million": "1"}, "input_per_million"),
])
def test_a_price_that_is_none_is_refused_by_the_member_that_is_wrong(stack, deployment, fields, named):
    with pytest.raises(ApiError) as refused:
        stack.api.create("prices", deployment_id=deployment["id"], **fields)
    assert refused.value.status == 422
    assert [error["field"] for error in refused.value.problem["errors"]] == [named]
    assert stack.api.list("prices", deployment_id=deployment["id"]) == []


def test_a_price_of_the_first_version_keeps_its_meaning(postgres, tmp_path):
    database = postgres.create_database()

    def migrate(folder):
        subprocess.run([binary("tollgate-controlplane"), "migrate"], check=True, stdout=subprocess.DEVNULL,
                       env=clean_environment() | {
                           "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATE_URL": postgres.url(database, "owner"),
                           "TOLLGATE_CONTROLPLANE_DATABASE_MIGRATIONS_DIR": str(folder)})

    for path in (ROOT / "migrations").glob("*.sql"):
        if path.name < "0006":
            (tmp_path / path.name).symlink_to(path)
    migrate(tmp_path)
    ids = [uuid.uuid4() for _ in range(5)]
    with postgres.connect(database) as connection:
        connection.execute("INSERT INTO organizations (id, name) VALUES (%s, 'o')", ids[:1])
        connection.execute("INSERT INTO providers (organization_id, id, name, kind, base_url) VALUES"
                           " (%s, %s, 'p', 'openai_compatible', 'http://x')",
                           [ids[0], ids[1]])
        connection.execute("INSERT INTO models (organization_id, id, name, kind, max_input_tokens, max_output_tokens)"
                           " VALUES (%s, %s, 'm', 'chat', 1, 1)", [ids[0], ids[2]])
        connection.execute("INSERT INTO deployments (organization_id, id, model_id, provider_id, name, upstream_model)"
                           " VALUES (%s, %s, %s, %s, 'd', 'u')", [ids[0], ids[3], ids[2], ids[1]])
        connection.execute("INSERT INTO prices (organization_id, id, deployment_id, effective_from, input_pusd,"
                           " cached_input_pusd, output_pusd) VALUES (%s, %s, %s, now(), 150000, 75000, 10000000)",
                           [ids[0], ids[4], ids[3]])
    migrate(ROOT / "migrations")
    with postgres.connect(database) as connection:
        rates = connection.execute("SELECT rates FROM prices").fetchone()[0]
    assert rates == {"rates": {"input": "0.15", "cached_input": "0.075", "output": "10"}, "tiers": [], "service_tiers": {}}


# ---- what calls cost ----

def test_a_long_prompt_costs_its_tiers_rates_and_a_model_without_a_rate_is_not_silently_free(stack):
    api = stack.api
    tiered = stack.create_model("tiered", upstream_model="gpt-4o-mini")
    deployment = api.list("deployments", model_id=tiered["id"])[0]
    api.create("prices", deployment_id=deployment["id"], effective_from="2024-02-01T00:00:00Z", rates={"input": "1", "output": "2"},
               tiers=[{"above_input_tokens": 50, "rates": {"input": "10", "output": "20"}}], request_price="0.5")
    unpriced = api.create("models", name="unpriced", max_input_tokens=1000, max_output_tokens=1000)
    api.create("deployments", name="unpriced", model_id=unpriced["id"], provider_id=stack.upstream["id"],
               credential_id=stack.credential["id"], upstream_model="gpt-4o-mini")
    half = api.create("models", name="half-priced", max_input_tokens=1000, max_output_tokens=1000)
    half_deployment = api.create("deployments", name="half-priced", model_id=half["id"], provider_id=stack.upstream["id"],
                                 credential_id=stack.credential["id"], upstream_model="gpt-4o-mini")
    api.create("prices", deployment_id=half_deployment["id"], effective_from="2024-02-01T00:00:00Z", rates={"input": "1"})
    profile = api.create("access-profiles", name="every-model", allows_all_models=True)
    key = stack.create_key("prices", profile=profile)
    stack.wait_for_replicas()
    client = stack.openai(key=key["key"])

    def call(model, words):
        answer = client.chat.completions.with_raw_response.create(
            model=model, max_tokens=5, messages=[{"role": "user", "content": "word " * words}])
        return answer.parse().usage, answer.headers

    for words, factor in ((1, 1), (200, 10)):
        usage, headers = call("tiered", words)
        assert (usage.prompt_tokens > 50) == (factor == 10)
        cost = (Decimal(usage.prompt_tokens) + 2 * usage.completion_tokens) * factor / 10**6 + Decimal("0.5")
        assert Decimal(headers["x-tollgate-cost-usd"]) == cost
        assert "x-tollgate-unpriced" not in headers
    usage, headers = call("unpriced", 1)
    assert headers["x-tollgate-cost-usd"] == "0" and headers["x-tollgate-unpriced"] == "true"
    usage, headers = call("half-priced", 1)
    assert Decimal(headers["x-tollgate-cost-usd"]) == Decimal(usage.prompt_tokens) / 10**6
    assert headers["x-tollgate-unpriced"] == "true"

    records = wait_until(lambda: [record for record in map(json.loads, stack.api.export().splitlines())
                                  if record["model"] in ("tiered", "unpriced", "half-priced")][3:], "the calls to be booked")
    assert records
    booked = {record["model"]: record for record in map(json.loads, stack.api.export().splitlines())}
    assert booked["tiered"]["is_unpriced"] is False and booked["tiered"]["attempt"] == 1
    assert booked["unpriced"]["is_unpriced"] is True and booked["unpriced"]["cost_usd"] == "0"
    assert booked["unpriced"]["input_tokens"] > 0
    assert booked["half-priced"]["is_unpriced"] is True
    summary = api.request("GET", api.path("usage", "summary"),
                          params={"by": "model", "from": "2000-01-01", "to": "2100-01-01"}).json()["items"]
    counted = {item["name"]: item["unpriced_requests"] for item in summary}
    assert (counted["tiered"], counted["unpriced"], counted["half-priced"]) == (0, 1, 1)
    assert stack.replicas[0].metrics()["tollgate_unpriced_calls_total"] == 2
    logged = [line for line in stack.replicas[0].log_lines() if line.get("event") == "unpriced_call"]
    assert sorted(line["model"] for line in logged) == ["half-priced", "unpriced"]


def completion(**fields):
    return http_answer(json.dumps({"id": "c", "object": "chat.completion", "model": "m", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
                  "prompt_tokens_details": {"cached_tokens": 400}}} | fields).encode())


def ask(stack, name):
    return httpx.post(stack.replicas[0].root_url + CHAT, trust_env=False, timeout=30.0,
                      json={"model": name, "messages": [{"role": "user", "content": "hello"}], "max_tokens": 100},
                      headers={"authorization": f"Bearer {stack.key['key']}"})


def records_of(stack, response, count):
    def booked():
        records = stack.books.query("SELECT * FROM usage_records WHERE request_id = %s ORDER BY attempt",
                                    [response.headers["x-request-id"]])
        return records if len(records) == count else None
    return wait_until(booked, f"{count} records of the request")


@pytest.mark.parametrize("tier, pusd, is_unpriced", [
    ("default", 600 * 1000000 + 400 * 100000 + 100 * 2000000, False),
    ("flex", 600 * 500000 + 400 * 500000 + 100 * 1000000, False),  # without a cached rate of its own: the tier's input
    ("scale", 600 * 1000000 + 400 * 100000 + 100 * 2000000, True),  # nobody said what that costs
])
def test_a_call_is_charged_at_the_service_tier_that_the_provider_says(stack, tier, pusd, is_unpriced):
    provider = RecordingProvider(completion(service_tier=tier))
    name = f"tier-{tier}"
    add_model(stack, name, provider)
    model = next(model for model in stack.api.list("models") if model["name"] == name)
    stack.api.create("prices", deployment_id=stack.api.list("deployments", model_id=model["id"])[0]["id"],
                     rates={"input": "1", "cached_input": "0.1", "output": "2"},
                     service_tiers={"flex": {"rates": {"input": "0.5", "output": "1"}}}, effective_from="2024-02-01T00:00:00Z")
    stack.wait_for_replicas()
    response = ask(stack, name)
    provider.close()
    assert response.status_code == 200
    [record] = records_of(stack, response, 1)
    assert (record["service_tier"], record["cost_pusd"], record["is_unpriced"]) == (tier, pusd, is_unpriced)
    assert (record["input_tokens"], record["cached_input_tokens"], record["attempt"]) == (600, 400, 1)


def test_attempts_that_a_provider_may_bill_are_numbered_records_of_one_request(stack):
    silent, good = RecordingProvider(b""), RecordingProvider(completion())
    add_model(stack, "retried", silent)
    model = next(model for model in stack.api.list("models") if model["name"] == "retried")
    second = stack.api.create("providers", name="second", kind="openai_compatible", base_url=f"http://127.0.0.1:{good.port}/v1")
    stack.api.create("deployments", name="second", model_id=model["id"], provider_id=second["id"], upstream_model="m", priority=1)
    stack.wait_for_replicas()
    response = ask(stack, "retried")
    silent.close()
    good.close()
    assert response.status_code == 200, response.text
    first, last = records_of(stack, response, 2)
    assert (first["attempt"], first["outcome"], first["is_estimated"], first["is_unpriced"]) == (1, "provider_failed", True, False)
    assert (last["attempt"], last["outcome"], last["is_estimated"], last["is_unpriced"]) == (2, "completed", False, True)
    assert first["deployment_id"] != last["deployment_id"]


# ---- prices import ----

@pytest.fixture
def run(stack):
    def run(*words, code=0, stdin=""):
        done = subprocess.run([binary("tollgate"), *map(str, words)], capture_output=True, text=True, input=stdin, timeout=60,
                              env=clean_environment() | {"TOLLGATE_URL": stack.controlplane.url,
                                                         "TOLLGATE_TOKEN": stack.controlplane.token,
                                                         "TOLLGATE_ORGANIZATION": "acme"})
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done
    return run


@pytest.fixture
def openai_deployment(stack):
    """deployment(upstream_model, kind="openai", …) -> a deployment of a provider of that kind, without a price."""
    made = []

    def make(upstream_model, kind="openai", **provider_fields):
        name = f"listed-{uuid.uuid4().hex[:8]}"
        provider = stack.api.create("providers", name=name, kind=kind, **provider_fields)
        model = stack.api.create("models", name=name, max_input_tokens=1000000, max_output_tokens=1000)
        deployment = stack.api.create("deployments", name=name, model_id=model["id"], provider_id=provider["id"],
                                      upstream_model=upstream_model)
        made.append((deployment, model, provider))
        return deployment

    yield make
    for deployment, model, provider in made:
        stack.api.delete("deployments", deployment["id"])
        stack.api.delete("models", model["id"])
        stack.api.delete("providers", provider["id"])


def litellm(path, **models):
    path.write_text(json.dumps({name: {"litellm_provider": "openai", "mode": "chat"} | columns
                                for name, columns in models.items()}))
    return path


def test_a_list_is_shown_then_asked_about_and_only_then_taken(stack, run, openai_deployment, tmp_path):
    deployment = openai_deployment("listed-model")
    file = litellm(tmp_path / "prices.json", **{"listed-model": {
        "input_cost_per_token": 1.5e-07, "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08,
        "input_cost_per_token_batches": 7.5e-08, "input_cost_per_token_above_200k_tokens": 3e-07,
        "source": "https://prices.example"}})
    for words, stdin in ((["--dry-run"], "y\n"), ([], "n\n"), ([], "")):
        shown = run("prices", "import", file, *words, stdin=stdin, code=0 if words else 1)
        rows = [line.split() for line in shown.stdout.splitlines()]
        listed = [row[2:-3] for row in rows if row and row[0] == deployment["name"]]
        assert ["input", "-", "0.15"] in listed and ["cached_input", "-", "0.075"] in listed
        assert ["batch", "input", "-", "0.075"] in listed and ["input", "above", "200000", "-", "0.3"] in listed
        assert "https://prices.example" in shown.stdout
        assert in_force(stack, deployment) is None
    assert "nothing was changed" in shown.stderr
    run("prices", "import", file, stdin="y\n")
    price = in_force(stack, deployment)
    assert price["rates"] == {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
    assert price["service_tiers"] == {"batch": {"rates": {"input": "0.075"}, "tiers": []}}
    assert price["tiers"] == [{"above_input_tokens": 200000, "rates": {"input": "0.3"}}]
    assert price["source"] == "prices.json: listed-model; https://prices.example"

    again = run("prices", "import", file)
    assert "0 prices to change, 1 as they should be" in again.stdout
    litellm(file, **{"listed-model": {"input_cost_per_token": 2e-07, "output_cost_per_token": 6e-07}})
    changed = run("prices", "import", file, "--yes", "--json")
    rows = {row["kind"]: (row["old"], row["new"]) for row in json.loads(changed.stdout)}
    assert rows == {"input": ("0.15", "0.2"), "cached_input": ("0.075", ""), "batch input": ("0.075", ""),
                    "input above 200000": ("0.3", "")}
    assert in_force(stack, deployment)["rates"] == {"input": "0.2", "output": "0.6"}
    assert stack.api.show("prices", price["id"]) == price  # what calls were charged at stays


def test_a_price_applies_from_the_moment_that_was_said(stack, run, openai_deployment, tmp_path):
    deployment = openai_deployment("listed-model")
    file = litellm(tmp_path / "prices.json", **{"listed-model": {"input_cost_per_token": 1e-06}})
    run("prices", "import", file, "--yes", "--effective-from", "2031-05-01")
    assert in_force(stack, deployment)["effective_from"].startswith("2031-05-01T00:00:00")
    assert "1 prices to change" in run("prices", "import", file, "--dry-run").stdout  # nothing is in force yet
    run("prices", "import", file, "--effective-from", "yesterday", code=2)


def test_what_would_have_to_be_rounded_or_is_no_number_is_refused_by_name_and_the_rest_is_taken(
        stack, run, openai_deployment, tmp_path):
    good, *bad = [openai_deployment(name) for name in ("good", "fine", "negative", "word", "huge")]
    file = litellm(tmp_path / "prices.json", good={"input_cost_per_token": 1e-12}, fine={"input_cost_per_token": 1.5e-13},
                   negative={"input_cost_per_token": -1e-06}, word={"input_cost_per_token": "cheap"},
                   huge={"input_cost_per_token": 1e300})
    done = run("prices", "import", file, "--yes", code=3)
    assert in_force(stack, good)["rates"] == {"input": "0.000001"}
    assert [in_force(stack, deployment) for deployment in bad] == [None] * 4
    for name, why in (("fine", "rounded: 1.5e-13"), ("negative", "negative: -1e-06"), ("word", "is no number"),
                      ("huge", "too large")):
        assert any(f": {name}: input_cost_per_token" in line and why in line for line in done.stderr.splitlines()), done.stderr


def test_columns_that_no_price_here_can_say_are_named_and_prices_of_zero_are_not_taken(
        stack, run, openai_deployment, tmp_path):
    pixels, free = openai_deployment("pixels"), openai_deployment("free")
    file = litellm(tmp_path / "prices.json", free={"input_cost_per_token": 0.0, "output_cost_per_token": 0},
                   pixels={"input_cost_per_token": 1e-06, "input_cost_per_pixel": 1.9e-08, "unheard_of_cost": 5})
    done = run("prices", "import", file, "--yes", code=3)
    assert "input_cost_per_pixel, unheard_of_cost" in done.stderr
    assert in_force(stack, pixels)["rates"] == {"input": "1"}
    assert in_force(stack, free) is None and "all it says is zero" in done.stderr


def test_a_model_is_found_by_its_provider_and_without_its_date_or_regions_prefix(stack, run, openai_deployment, tmp_path):
    dated = openai_deployment("gpt-9-2031-02-03")
    anthropic = openai_deployment("claude-9@20310203", kind="anthropic")
    by_host = openai_deployment("gpt-9", kind="openai_compatible", base_url="https://api.openai.com/v1")
    stranger = openai_deployment("gpt-9", kind="openai_compatible", base_url="https://models.example/v1")
    bedrock = openai_deployment("eu.maker.model-v1:0", kind="bedrock", region="eu-west-1")
    regional = openai_deployment("maker.model-v2:0", kind="bedrock", region="eu-west-1")
    file = tmp_path / "prices.json"
    file.write_text(json.dumps({
        "gpt-9": {"litellm_provider": "openai", "input_cost_per_token": 1e-06},
        "claude-9": {"litellm_provider": "anthropic", "input_cost_per_token": 2e-06},
        "maker.model-v1:0": {"litellm_provider": "bedrock", "input_cost_per_token": 3e-06},
        "maker.model-v2:0": {"litellm_provider": "bedrock", "input_cost_per_token": 4e-06},
        "bedrock/eu-west-1/maker.model-v2:0": {"litellm_provider": "bedrock", "input_cost_per_token": 5e-06},
    }))
    run("prices", "import", file, "--yes")
    prices = [in_force(stack, each) for each in (dated, anthropic, by_host, stranger, bedrock, regional)]
    assert [price and price["rates"]["input"] for price in prices] == ["1", "2", "1", None, "3", "5"]


def test_the_list_of_models_dev_is_read_too(stack, run, openai_deployment, tmp_path):
    deployment, gemini = openai_deployment("gpt-9"), openai_deployment("gemini-9", kind="gemini")
    file = tmp_path / "api.json"
    file.write_text(json.dumps({
        "openai": {"id": "openai", "models": {"gpt-9": {"id": "gpt-9", "cost": {
            "input": 1.25, "output": 10, "cache_read": 0.125, "reasoning": 11, "input_audio": 32, "video": 3,
            "context_over_200k": {"input": 2.5, "output": 15}}}}},
        "google": {"id": "google", "models": {"gemini-9": {"id": "gemini-9", "cost": {"input": 0.3}}}}}))
    done = run("prices", "import", file, "--yes")
    price = in_force(stack, deployment)
    assert price["rates"] == {"input": "1.25", "cached_input": "0.125", "input_audio": "32", "output": "10", "reasoning": "11"}
    assert price["tiers"] == [{"above_input_tokens": 200000, "rates": {"input": "2.5", "output": "15"}}]
    assert "video" in done.stderr and price["source"] == "api.json: openai/gpt-9"
    assert in_force(stack, gemini)["rates"] == {"input": "0.3"}


@pytest.mark.skipif(not LITELLM.exists(), reason=f"{LITELLM} is missing (set TOLLGATE_CORPORA)")
def test_litellms_own_file_is_read_to_the_last_digit(stack, run, openai_deployment):
    mini, sonnet = openai_deployment("gpt-4o-mini"), openai_deployment("claude-sonnet-4-5", kind="anthropic")
    whisper, tts = openai_deployment("whisper-1"), openai_deployment("tts-1")
    run("prices", "import", LITELLM, "--yes")
    price = in_force(stack, mini)
    assert price["rates"] == {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
    assert price["service_tiers"]["batch"]["rates"] == {"input": "0.075", "output": "0.3"}
    assert price["service_tiers"]["priority"]["rates"] == {"input": "0.25", "cached_input": "0.125", "output": "1"}
    price = in_force(stack, sonnet)
    assert price["rates"] == {"input": "3", "cached_input": "0.3", "cache_write_5m": "3.75", "output": "15", "web_searches": "0.01"}
    assert price["tiers"] == [{"above_input_tokens": 200000, "rates": {
        "input": "6", "cached_input": "0.6", "cache_write_5m": "7.5", "output": "22.5"}}]
    assert in_force(stack, whisper)["rates"] == {"audio_minutes": "0.006"}
    assert in_force(stack, tts)["rates"] == {"characters": "15"}


def test_a_list_in_our_own_format_may_be_yaml_or_json(stack, run, openai_deployment, tmp_path):
    deployment = openai_deployment("gpt-9")
    prices = {"date": "2031-01-01", "prices": [{
        "provider": "openai", "models": ["gpt-9"], "rates": {"input": 2, "output": "8.50"}, "request_price": 1,
        "tiers": [{"above_input_tokens": 1000, "rates": {"input": 3}}], "source": "a page"}]}
    (tmp_path / "prices.json").write_text(json.dumps(prices))
    run("prices", "import", tmp_path / "prices.json", "--yes")
    price = in_force(stack, deployment)
    assert price["rates"] == {"input": "2", "output": "8.5"} and price["request_price"] == "1"
    assert price["tiers"] == [{"above_input_tokens": 1000, "rates": {"input": "3"}}]
    (tmp_path / "prices.yaml").write_text("prices:\n  - provider: openai\n    models: [gpt-9]\n    rates: {input: 2, output: 8.5}\n"
                                          "    tiers: [{above_input_tokens: 1000, rates: {input: 3}}]\n    request_price: 1\n")
    assert "0 prices to change, 1 as" in run("prices", "import", tmp_path / "prices.yaml").stdout


def test_without_a_file_the_list_that_comes_with_the_program_is_read(stack, run, openai_deployment):
    deployment = openai_deployment("gpt-4o-mini-2024-07-18")
    shown = run("prices", "import", "--yes")
    assert "Tollgate's list" in shown.stdout
    price = in_force(stack, deployment)
    assert price["rates"] == {"input": "0.15", "cached_input": "0.075", "output": "0.6"}
    assert "platform.openai.com" in price["source"]


@pytest.mark.parametrize("words, code, says", [
    (["prices"], 2, "import"), (["prices", "export"], 2, "import"), (["prices", "import", "a", "b"], 2, "too much"),
    (["prices", "import", "--force", "x"], 2, "--force"), (["prices", "import", "/nonexistent"], 4, "/nonexistent"),
])
def test_a_wrong_command_line_changes_nothing(run, words, code, says):
    done = run(*words, code=code)
    assert says in done.stdout + done.stderr


@pytest.mark.parametrize("content, says", [
    ("[]", "no list of prices"), ("{}", "no list of prices"), ("{\"a\": {\"b\": 1}}", "no list of prices"),
    ("{\"a\": ", "line 1"), ("prices: {}", "no list of prices"), ("a: [", "line"),
])
def test_what_is_no_list_of_prices_is_refused(run, tmp_path, content, says):
    file = tmp_path / "prices.json"
    file.write_text(content)
    assert says in run("prices", "import", file, code=3).stderr
