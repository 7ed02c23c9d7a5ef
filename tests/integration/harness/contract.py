"""Holds every answer of the admin API against docs/openapi.yaml: status, content type and body."""

import functools
import re

import jsonschema
import referencing
import referencing.jsonschema
import yaml

from .process import ROOT


class Contract:
    def __init__(self):
        self.document = yaml.load((ROOT / "docs" / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
        resource = referencing.Resource.from_contents(self.document, referencing.jsonschema.DRAFT202012)
        self.registry = referencing.Registry().with_resource("urn:openapi", resource)
        self.paths = [(re.compile(re.sub(r"{\w+}", "[^/]+", path) + "$"), path, item)
                      for path, item in self.document["paths"].items()]

    def resolve(self, node):
        while isinstance(node, dict) and "$ref" in node:
            target = self.document
            for step in node["$ref"].removeprefix("#/").split("/"):
                target = target[step]
            node = target
        return node

    @functools.lru_cache(maxsize=None)
    def validator(self, pointer):
        return jsonschema.Draft202012Validator({"$ref": f"urn:openapi#{pointer}"}, registry=self.registry)

    def check(self, method, path, response):
        """Fails unless the answer is one that the description promises for that operation."""
        found = next(((template, item) for pattern, template, item in self.paths if pattern.match(path)), None)
        if found is None or method.lower() not in found[1]:
            assert response.status_code in (401, 404, 405), f"{method} {path} is answered but not described"
            return
        template, item = found
        responses = item[method.lower()]["responses"]
        described = self.resolve(responses.get(str(response.status_code)))
        assert described, f"{method} {template} answered {response.status_code}, which is not described"
        media = response.headers.get("content-type", "").split(";")[0]
        contents = described.get("content", {})
        assert (media in contents) if contents else not response.content, f"{method} {template}: {media} is not described"
        if media.endswith("json") and media != "application/jsonl":
            schema = contents[media]["schema"]
            pointer = schema["$ref"].removeprefix("#") if "$ref" in schema else None
            validator = (self.validator(pointer) if pointer else
                         jsonschema.Draft202012Validator(self.rebase(schema), registry=self.registry))
            validator.validate(response.json())

    def rebase(self, schema):
        """The same schema with its references made absolute, as it stands outside the document."""
        if isinstance(schema, dict):
            return {key: "urn:openapi" + value if key == "$ref" else self.rebase(value) for key, value in schema.items()}
        return [self.rebase(value) for value in schema] if isinstance(schema, list) else schema


@functools.lru_cache(maxsize=None)
def contract():
    return Contract()
