"""The admin API's conventions, from outside."""

import re
import uuid

import httpx
import jsonschema
import pytest
import yaml

from harness.contract import contract
from harness.process import ROOT


@pytest.fixture(scope="module")
def api(stack):
    return stack.api


def problem(response, status):
    assert response.status_code == status, response.text
    assert response.headers["content-type"].startswith("application/problem+json")
    body = response.json()
    assert body["status"] == status and body["title"] and body["detail"]
    return body


@pytest.mark.parametrize("token", [None, "wrong"])
def test_without_the_token_nothing_is_shown(stack, token):
    headers = {"authorization": f"Bearer {token}"} if token is not None else {}
    response = httpx.get(f"{stack.controlplane.url}/api/v1/organizations", headers=headers, trust_env=False)
    problem(response, 401)
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_health_readiness_and_metrics_are_there(stack):
    for path in ("/healthz", "/readyz"):
        assert httpx.get(stack.controlplane.url + path, trust_env=False).is_success
    for url in (f"{stack.controlplane.url}/metrics", f"http://127.0.0.1:{stack.replicas[0].admin_port}/metrics"):
        metrics = httpx.get(url, trust_env=False)
        assert metrics.is_success and metrics.headers["content-type"].startswith("text/plain")
        assert "# TYPE tollgate_" in metrics.text


def test_a_resource_can_be_created_shown_listed_changed_and_deleted(api):
    created = api.create("teams", name="lifecycle", display_name="Life cycle")
    assert uuid.UUID(created["id"]).version == 7
    assert api.show("teams", created["id"]) == created
    assert [team["id"] for team in api.list("teams", name="lifecycle")] == [created["id"]]
    changed = api.update("teams", created["id"], display_name="Changed")
    assert changed["display_name"] == "Changed" and changed["name"] == "lifecycle"
    assert api.delete("teams", created["id"]).status_code == 204
    problem(api.client.get(api.path("teams", created["id"])), 404)
    assert api.list("teams", name="lifecycle") == []


def test_every_wrong_field_is_named(api):
    response = api.client.post(api.path("budgets"), json={
        "name": "bad name with spaces", "scope": "galaxy", "scope_id": "not-a-uuid", "unit": "money",
        "limit": 3.5, "window": "fortnight", "surprise": True})
    body = problem(response, 400 if response.status_code == 400 else 422)
    assert {error["field"] for error in body["errors"]} >= {"name", "scope", "scope_id", "limit", "window", "surprise"}


@pytest.mark.parametrize("content, status", [("{", 400), ("[]", 400), ('{"name":"a","name":"b"}', 400), ('"x"', 400)])
def test_malformed_bodies_are_named_as_such(api, content, status):
    response = api.client.post(api.path("teams"), content=content, headers={"content-type": "application/json"})
    assert response.status_code in (status, 422)
    problem(response, response.status_code)


def test_two_of_the_same_name_are_a_conflict(api):
    api.create("teams", name="twice")
    body = problem(api.client.post(api.path("teams"), json={"name": "twice"}), 409)
    assert "twice" in body["detail"] or "name" in body["detail"]


def test_an_idempotency_key_makes_a_retried_creation_one(api):
    key = {"idempotency-key": str(uuid.uuid4())}
    first = api.client.post(api.path("teams"), json={"name": "once"}, headers=key)
    again = api.client.post(api.path("teams"), json={"name": "once"}, headers=key)
    assert first.status_code == again.status_code == 201
    assert first.json()["id"] == again.json()["id"]
    problem(api.client.post(api.path("teams"), json={"name": "other"}, headers=key), 422)


def test_an_update_with_an_old_etag_is_refused(api):
    team = api.client.post(api.path("teams"), json={"name": "etag"})
    path, etag = api.path("teams", team.json()["id"]), team.headers["etag"]
    assert api.client.patch(path, json={"display_name": "1"}, headers={"if-match": etag}).is_success
    problem(api.client.patch(path, json={"display_name": "2"}, headers={"if-match": etag}), 412)
    assert api.client.get(path).json()["display_name"] == "1"


def test_a_list_is_read_page_by_page(api):
    for number in range(7):
        api.create("access-profiles", name=f"page-{number}")
    seen, cursor, pages = [], None, 0
    while True:
        page = api.client.get(api.path("access-profiles"), params={"limit": 3} | ({"cursor": cursor} if cursor else {})).json()
        assert len(page["items"]) <= 3
        seen += [item["name"] for item in page["items"]]
        pages += 1
        cursor = page.get("next_cursor")
        if not cursor:
            break
    assert {f"page-{number}" for number in range(7)} <= set(seen) and len(seen) == len(set(seen)) and pages >= 3
    problem(api.client.get(api.path("access-profiles"), params={"cursor": "nonsense"}), 400)


def test_a_key_is_shown_once_and_never_again(api, stack):
    key = stack.create_key("shown-once")
    assert key["key"].startswith("tg-") or key["key"].startswith("sk-")
    shown = api.show("api-keys", key["id"])
    assert "key" not in shown and shown["last_four"] == key["key"][-4:] and key["key"].startswith(shown["prefix"])
    dump = stack.books.query("SELECT api_keys::text AS row FROM api_keys")
    assert all(key["key"] not in row["row"] for row in dump)


def test_a_credential_s_secret_is_written_never_read(api, stack):
    for response in (api.client.get(api.path("credentials")), api.client.get(api.path("audit-log")),
                     api.client.get(api.path("credentials", stack.credential["id"]))):
        assert response.is_success and stack.provider.key not in response.text
    for table in ("credentials", "snapshot_resources", "audit_log"):
        secret = stack.provider.key.encode().hex()
        for row in stack.books.query(f"SELECT t::text AS row FROM {table} t"):
            assert secret not in row["row"] and stack.provider.key not in row["row"], table


def test_every_change_has_its_audit_row_and_its_revision(api, stack):
    before = stack.revision()
    team = api.create("teams", name="audited")
    api.update("teams", team["id"], display_name="Audited")
    api.delete("teams", team["id"])
    assert stack.revision() == before + 3
    rows = stack.books.query("SELECT * FROM audit_log WHERE resource_id = %s ORDER BY revision", [team["id"]])
    assert [(row["action"], row["revision"]) for row in rows] == [
        ("create", before + 1), ("update", before + 2), ("delete", before + 3)]
    assert rows[0]["before"] is None and rows[1]["before"]["display_name"] == "" and rows[1]["after"]["display_name"] == "Audited"
    assert rows[2]["after"] is None
    listed = [row for row in api.list("audit-log") if row["resource_id"] == team["id"]]
    assert len(listed) == 3


def test_money_is_exact_decimal_text(api, stack):
    budget = stack.create_budget("0.000000000001", name="exact", scope="project", scope_id=stack.project["id"], window="none")
    assert api.show("budgets", budget["id"])["limit"] == "0.000000000001"
    api.delete("budgets", budget["id"])
    response = api.client.post(api.path("budgets"), json={"name": "too-fine", "scope": "team", "scope_id": stack.team["id"],
                                                          "unit": "money", "limit": "0.0000000000001", "window": "month"})
    assert "limit" in {error["field"] for error in problem(response, response.status_code)["errors"]}


def test_a_second_tenant_sees_nothing_of_the_first(api, stack):
    other = api.client.post("/api/v1/organizations", json={"name": "other-tenant"}).json()["id"]
    for resource, id in [("teams", stack.team["id"]), ("projects", stack.project["id"]),
                         ("applications", stack.application["id"]), ("api-keys", stack.key["id"]),
                         ("providers", stack.upstream["id"]), ("credentials", stack.credential["id"]),
                         ("models", stack.model["id"]), ("access-profiles", stack.profile["id"])]:
        base = f"/api/v1/organizations/{other}/{resource}"
        assert api.client.get(base).json()["items"] == []
        for method, json in (("GET", None), ("PATCH", {"name": "stolen"}), ("DELETE", None)):
            problem(api.client.request(method, f"{base}/{id}", json=json), 404)
    borrowed = api.client.post(f"/api/v1/organizations/{other}/projects", json={"name": "p", "team_id": stack.team["id"]})
    assert "team_id" in {error["field"] for error in problem(borrowed, borrowed.status_code)["errors"]}
    problem(api.client.get(f"/api/v1/organizations/{uuid.uuid4()}/teams"), 404)
    problem(api.client.get("/api/v1/organizations/not-a-uuid/teams"), 404)
    export = api.client.get(f"/api/v1/organizations/{other}/usage/export",
                            params={"format": "jsonl", "from": "2000-01-01", "to": "2100-01-01"})
    assert export.is_success and export.text.strip() == ""


def test_the_service_role_cannot_see_another_organization_even_with_plain_sql(stack):
    import psycopg
    from harness.postgres import SERVICE_ROLE
    with psycopg.connect(stack.postgres.url(stack.database, SERVICE_ROLE)) as connection:
        role = connection.execute("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone()
        assert role == (False, False)
        connection.execute("SET LOCAL ROLE tollgate_tenant")
        tables = [row[0] for row in connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' "
            "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace")]
        assert len(tables) >= 19
        for table in tables:
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] == 0, f"{table} is open without a tenant"
    unprotected = stack.books.query(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organization_id' "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT (c.relrowsecurity AND c.relforcerowsecurity)")
    assert not unprotected


def test_the_openapi_description_is_served_and_describes_the_running_server(api, stack):
    served = httpx.get(f"{stack.controlplane.url}/api/v1/openapi.yaml", trust_env=False)
    assert served.is_success and served.text == (ROOT / "docs" / "openapi.yaml").read_text()
    document = yaml.safe_load(served.text)
    assert document["openapi"].startswith("3.1")
    known = {"organization_id": api.organization}
    checked = 0
    for path, item in document["paths"].items():
        methods = {method.upper() for method in item} & {"GET", "POST", "PATCH", "PUT", "DELETE"}
        concrete = re.sub(r"{(\w+)}", lambda found: known.get(found[1], str(uuid.uuid4())), path)
        if not concrete.startswith("/api"):
            concrete = document["servers"][0]["url"].rstrip("/") + concrete if concrete.startswith("/organizations") else concrete
        # What is not described is not there …
        for method in {"GET", "POST", "PATCH", "PUT", "DELETE"} - methods:
            response = api.client.request(method, concrete, json={} if method in ("POST", "PATCH", "PUT") else None)
            assert response.status_code == 405, f"{method} {path} is answered ({response.status_code}) but not described"
            assert set(re.split(r",\s*", response.headers["allow"])) - {"HEAD", "OPTIONS"} == methods, path
        # … and what is described answers with a status that is described.
        for method in methods:
            response = api.client.request(method, concrete, json={} if method in ("POST", "PATCH", "PUT") else None)
            described = item[method.lower()]["responses"]
            assert str(response.status_code) in described or "default" in described, f"{method} {path}: {response.status_code}"
            checked += 1
    assert checked > 50


def test_the_contract_that_every_answer_is_held_against_finds_a_wrong_one():
    path = "/api/v1/organizations"
    good = {"items": [], "next_cursor": None}
    contract().check("GET", path, httpx.Response(200, json=good))
    wrong = [httpx.Response(200, json={"items": []}), httpx.Response(200, json=good | {"surprise": 1}),
             httpx.Response(200, json=good | {"items": [{"id": "x"}]}), httpx.Response(418, json=good),
             httpx.Response(200, text="hello")]
    for response in wrong:
        with pytest.raises((AssertionError, jsonschema.ValidationError)):
            contract().check("GET", path, response)


def test_a_usage_export_and_summary_show_what_was_called(api, stack):
    answer = stack.openai().chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "export me"}])
    stack.books.settle(1)
    rows = [line for line in api.export("jsonl").splitlines() if "gpt-4o-mini" in line]
    assert rows
    csv = api.export("csv").splitlines()
    assert csv[0].startswith("request_id,") and len(csv) == len(api.export("jsonl").splitlines()) + 1
    for by in ("team", "project", "app", "model"):
        name = {"app": "application"}.get(by, by)
        summary = api.request("GET", api.path("usage", "summary"),
                              params={"by": name, "from": "2000-01-01", "to": "2100-01-01"}).json()
        assert summary["items"], by
    assert answer.usage.total_tokens > 0
