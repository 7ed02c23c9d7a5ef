"""The admin API as plain JSON. Knows names and paths, no rules; holds every answer against docs/openapi.yaml."""

import httpx

from .contract import contract


class ApiError(AssertionError):
    def __init__(self, response):
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
        self.status = response.status_code
        self.problem = response.json() if "json" in response.headers.get("content-type", "") else None


class Api:
    def __init__(self, base_url, token):
        self.base_url = base_url
        self.token = token
        self.client = httpx.Client(base_url=base_url, timeout=60.0, trust_env=False,
                                   headers={"authorization": f"Bearer {token}"},
                                   event_hooks={"response": [hold_to_contract]})
        self.organization = None

    def request(self, method, path, json=None, headers=None, **options):
        response = self.client.request(method, path, json=json, headers=headers, **options)
        if response.status_code >= 400:
            raise ApiError(response)
        return response

    def path(self, resource, *rest):
        assert self.organization, "no organization yet"
        return "/".join(["/api/v1/organizations", self.organization, resource, *rest])

    def create_organization(self, name, **fields):
        created = self.request("POST", "/api/v1/organizations", {"name": name, **fields}).json()
        self.organization = created["id"]
        return created

    def create(self, resource, **fields):
        return self.request("POST", self.path(resource), fields).json()

    def show(self, resource, id):
        return self.request("GET", self.path(resource, id)).json()

    def update(self, resource, id, **fields):
        return self.request("PATCH", self.path(resource, id), fields).json()

    def delete(self, resource, id):
        return self.request("DELETE", self.path(resource, id))

    def list(self, resource, **query):
        items, cursor = [], None
        while True:
            page = self.request("GET", self.path(resource), params=query | ({"cursor": cursor} if cursor else {})).json()
            items += page["items"]
            cursor = page.get("next_cursor")
            if not cursor:
                return items

    def replicas(self):
        return self.request("GET", "/api/v1/replicas").json()["items"]

    def export(self, format="jsonl", **query):
        return self.request("GET", self.path("usage", "export"),
                            params={"format": format, "from": "2000-01-01", "to": "2100-01-01"} | query).text

    def close(self):
        self.client.close()


def hold_to_contract(response):
    response.read()
    contract().check(response.request.method, response.request.url.path, response)
