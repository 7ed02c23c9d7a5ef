"""The tollgate command, as a person or a script uses it."""

import csv
import io
import json
import subprocess

import pytest

from harness.process import binary, clean_environment


@pytest.fixture(scope="module")
def run(stack):
    def run(*words, code=0, env=None, stdin=None):
        environment = clean_environment() | {"TOLLGATE_URL": stack.controlplane.url,
                                             "TOLLGATE_TOKEN": stack.controlplane.token,
                                             "TOLLGATE_ORGANIZATION": "acme"} | (env or {})
        done = subprocess.run([binary("tollgate"), *map(str, words)], capture_output=True, text=True, env=environment,
                              stdin=stdin or subprocess.DEVNULL, timeout=60)
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


def test_every_resource_can_be_created_listed_shown_updated_and_deleted(run, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("sk-cli-secret-0001\n")
    secret.chmod(0o600)
    run("team", "create", "cli-team", "--display-name", "From the command line")
    run("project", "create", "cli-project", "--team", "cli-team")
    run("app", "create", "cli-app", "--project", "cli-project")
    run("provider", "create", "cli-provider", "--base-url", "http://127.0.0.1:9/v1")
    run("credential", "create", "cli-credential", "--provider", "cli-provider", "--secret-file", secret)
    run("model", "create", "cli-model", "--max-input-tokens", "1000", "--max-output-tokens", "100")
    run("deployment", "create", "cli-deployment", "--model", "cli-model", "--provider", "cli-provider",
        "--credential", "cli-credential", "--upstream-model", "up")
    run("price", "create", "--deployment", "cli-deployment", "--rates", "input=1,output=2.50")
    run("profile", "create", "cli-profile", "--models", "cli-model,gpt-4o-mini")
    created = run("key", "create", "cli-key", "--app", "cli-app", "--profile", "cli-profile")
    assert "shown this once" in created.stderr
    run("budget", "create", "cli-budget", "--scope", "team:cli-team", "--unit", "money", "--limit", "12.5", "--window", "month")

    shown = json.loads(run("budget", "show", "cli-budget", "--json").stdout)
    assert shown["limit"] == "12.5" and shown["scope"] == "team"
    assert "cli-team" in run("team", "list").stdout
    assert "From the command line" in run("team", "show", "cli-team").stdout
    run("budget", "update", "cli-budget", "--limit", "20")
    assert json.loads(run("--json", "budget", "show", "cli-budget").stdout)["limit"] == "20"
    run("key", "revoke", "cli-key")
    for noun, name in (("budget", "cli-budget"), ("key", "cli-key"), ("profile", "cli-profile"),
                       ("deployment", "cli-deployment"), ("model", "cli-model"), ("credential", "cli-credential"),
                       ("provider", "cli-provider"), ("app", "cli-app"), ("project", "cli-project"), ("team", "cli-team")):
        run(noun, "delete", name)
        run(noun, "show", name, code=4)


def test_the_kinds_of_providers_are_listed_with_what_they_need_and_serve(run):
    lines = run("provider", "kinds").stdout.splitlines()
    assert len(lines) > 110 and lines[0].split() == ["kind", "needs", "serves", "name"]
    row = {line.split()[0]: line for line in lines}
    assert "region" in row["bedrock"] and "converse" in row["bedrock"]
    assert "base_url" in row["openai_compatible"]
    kinds = json.loads(run("provider", "kinds", "--json").stdout)
    assert {kind["name"] for kind in kinds} == set(row) - {"kind"}
    one = run("provider", "kinds", "watsonx").stdout
    assert "needs" in one and "IAM" in one and "checked" in one


@pytest.mark.parametrize("words, code, says", [
    (["provider", "kinds", "no-such"], 4, "no kind"), (["provider", "kinds", "a", "b"], 2, "too much"),
    (["provider", "kinds", "--fly", "1"], 2, "--fly"), (["fly"], 2, "no command"), (["team"], 2, "create"), (["team", "fly"], 2, "no \"fly\""), (["team", "create"], 2, "one name"),
    (["team", "create", "x", "--colour", "red"], 2, "--colour"), (["team", "show", "nobody"], 4, "nobody"),
    (["team", "create", "search"], 6, "search"), (["team", "create", "bad name"], 3, "name"),
    (["model", "create", "m", "--max-input-tokens", "many"], 3, "whole number"), (["--colour", "team", "list"], 2, "--colour"),
    (["usage"], 2, "export"), (["usage", "summary"], 2, "--by"), (["usage", "export", "--from", "yesterday"], 3, "not a time"),
    (["apply"], 2, "file"), (["apply", "-f", "/nonexistent.yaml"], 4, "/nonexistent.yaml")])
def test_a_wrong_command_ends_with_its_own_code_and_a_sentence(run, words, code, says):
    assert says in run(*words, code=code).stderr


def test_a_wrong_token_a_missing_token_and_an_absent_server_have_codes_of_their_own(run):
    run("team", "list", code=5, env={"TOLLGATE_TOKEN": "wrong"})
    assert "TOLLGATE_TOKEN" in run("team", "list", code=5, env={"TOLLGATE_TOKEN": ""}).stderr
    run("team", "list", code=7, env={"TOLLGATE_URL": "http://127.0.0.1:1"})


@pytest.mark.parametrize("words", [["--help"], ["team", "--help"], ["key", "create", "--help"], ["usage", "--help"],
                                   ["apply", "--help"], ["version"]])
def test_help_and_version_need_no_server_and_no_token(run, words):
    assert run(*words, env={"TOLLGATE_TOKEN": "", "TOLLGATE_URL": "http://127.0.0.1:1"}).stdout


FILE = """
organization: acme
providers:
  - name: applied
    base_url: http://127.0.0.1:9/v1
    credentials:
      - name: main
        secret_env: APPLIED_SECRET
models:
  - name: applied/model
    max_input_tokens: 1000
    max_output_tokens: 100
    deployments:
      - name: main
        provider: applied
        credential: main
        upstream_model: up
        prices:
          - effective_from: 2024-01-01T00:00:00Z
            rates: {input: 0.60, output: "2.50", web_searches: 1}
            tiers:
              - above_input_tokens: 200000
                rates: {input: 1.20}
            service_tiers:
              batch: {rates: {input: 0.30, output: 1.25}}
access_profiles:
  - name: applied
    models: [applied/model, gpt-4o-mini]
teams:
  - name: applied
    display_name: Applied
    projects:
      - name: applied
        applications:
          - name: applied
            keys:
              - name: applied
                profile: applied
budgets:
  - name: applied
    scope: team:applied
    unit: money
    limit: 100
    window: month
"""


def test_apply_prints_the_plan_does_it_and_a_second_time_changes_nothing(run, tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text(FILE)
    secret = {"APPLIED_SECRET": "sk-applied-secret-0001"}
    planned = run("apply", "-f", path, "--dry-run", env=secret)
    assert "+ teams/applied/projects/applied/applications/applied/keys/applied" in planned.stdout
    run("team", "show", "applied", code=4)
    done = run("apply", "-f", path, env=secret)
    assert done.stdout.startswith(planned.stdout) and "shown this once" in done.stdout
    again = run("apply", "-f", path, env=secret)
    assert again.stdout.startswith("0 to change")

    path.write_text(FILE.replace("limit: 100", "limit: 250").replace("display_name: Applied", "display_name: Changed"))
    changed = run("apply", "-f", path, env=secret)
    assert changed.stdout.splitlines()[:2] == ["~ teams/applied: display_name", "~ budgets/applied: limit"]
    assert json.loads(run("budget", "show", "applied", "--json").stdout)["limit"] == "250"
    path.write_text(FILE.replace("0.60", "0.70"))
    assert "cannot be changed" in run("apply", "-f", path, code=6, env=secret).stderr
    rotated = run("apply", "-f", path, "--dry-run", code=6, env={"APPLIED_SECRET": "sk-applied-secret-0002"})
    assert "cannot be changed" in rotated.stderr


def test_apply_makes_a_whole_new_organization(run, tmp_path):
    path = tmp_path / "new.yaml"
    path.write_text(FILE.replace("organization: acme", "organization:\n  name: brand-new\n  timezone: Asia/Tokyo")
                    .replace(", gpt-4o-mini", ""))
    planned = run("apply", "-f", path, "--dry-run", env={"APPLIED_SECRET": "sk-1"})
    assert planned.stdout.startswith("+ organization\n")
    run("apply", "-f", path, env={"APPLIED_SECRET": "sk-applied-secret-0001"})
    shown = json.loads(run("--org", "brand-new", "--json", "key", "list").stdout)
    assert [key["name"] for key in shown] == ["applied"]


@pytest.mark.parametrize("text, says", [
    ("teems: []", "teems"), ("teams:\n  - nam: x", "name"), ("teams:\n  - name: x\n    colour: red", "colour"),
    ("teams: 3", "list"), ("teams: [", "line"), ("budgets:\n  - name: b\n    scope: galaxy\n", "scope"),
    ("access_profiles:\n  - name: p\n    models: [no-such-model]", "no-such-model"),
    ("models:\n  - name: m\n    max_input_tokens: many", "whole number")])
def test_a_wrong_file_is_refused_with_the_place_and_nothing_is_changed(run, stack, tmp_path, text, says):
    path = tmp_path / "wrong.yaml"
    path.write_text(text + "\n")
    before = stack.revision()
    done = run("apply", "-f", path, code=4 if "no-such" in text else 3)
    assert says in done.stderr
    assert stack.revision() == before


def test_usage_is_exported_and_summed(run, stack):
    for _ in range(2):
        stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "count"}])
    stack.books.settle(2)
    rows = list(csv.DictReader(io.StringIO(run("usage", "export").stdout)))
    lines = [json.loads(line) for line in run("usage", "export", "--format", "jsonl").stdout.splitlines()]
    assert len(rows) == len(lines) >= 2
    assert {row["request_id"] for row in rows} == {line["request_id"] for line in lines}
    for by, name in (("team", "search"), ("project", "assistant"), ("app", "backend"), ("model", "gpt-4o-mini")):
        summary = json.loads(run("usage", "summary", "--by", by, "--json").stdout)
        assert name in {item["name"] for item in summary}
    assert "cost_usd" in run("usage", "summary", "--by", "team").stdout
