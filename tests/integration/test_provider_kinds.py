"""The provider registry: every kind of it is understood by replicas, and replicas learn of other rows after a restart."""

import subprocess
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from harness import ControlPlane, free_port, wait_until
from harness.process import clean_environment

REGISTRY = "TOLLGATE_CONTROLPLANE_PROVIDER_REGISTRY_FILE"


def test_a_replica_accepts_a_provider_of_every_kind(stack):
    kinds = stack.api.request("GET", "/api/v1/provider-kinds").json()["items"]
    assert len(kinds) > 110
    for kind in kinds:
        fields = {need: "http://127.0.0.1:9/v1" if need == "base_url" else "x-1" for need in kind["needs"]}
        stack.api.create("providers", name=f"of-kind-{kind['name']}", kind=kind["name"], **fields)
    stack.wait_for_replicas()
    assert [replica["refused_reason"] for replica in stack.api.replicas()] == [None]


class House:
    """A kind of provider of the installation's own, whose address is in a file."""

    def __init__(self, stack):
        self.stack = stack
        self.file = stack.folder / "registry.yaml"
        stack.controlplane.configuration[REGISTRY] = str(self.file)
        wait_until(self.packing, "the database to be looked at for the first time")

    def move_to(self, base_url, comment=""):
        self.file.write_text(f"# {comment}\nproviders:\n  - name: house\n    base_url: {base_url}\n    auth: bearer\n"
                             "    apis: [chat]\n    checked: here\n")

    def restart(self, *controlplanes):
        """Returns when each has looked whether there is something to pack."""
        packing = self.packing()
        controlplanes = controlplanes or (self.stack.controlplane,)
        for controlplane in controlplanes:
            controlplane.stop()
        with ThreadPoolExecutor() as threads:
            list(threads.map(lambda controlplane: controlplane.start(), controlplanes))
        wait_until(lambda: self.packing() != packing, "the resources to be packed by other rows")

    def packing(self):
        return self.stack.books.query("SELECT packing FROM config_state")[0]["packing"]

    def serve_a_model(self):
        stack = self.stack
        provider = stack.api.create("providers", name="house", kind="house")
        credential = stack.api.create("credentials", name="house", provider_id=provider["id"], secret=stack.provider.key)
        model = stack.create_model("housed", upstream_model="gpt-4o-mini", provider=provider, credential=credential)
        stack.api.update("access-profiles", stack.profile["id"], model_ids=[stack.model["id"], model["id"]])
        stack.wait_for_replicas()

    def ask(self):
        return self.stack.openai().chat.completions.create(model="housed", messages=[{"role": "user", "content": "hi"}])

    def repack_rows(self):
        return [row for row in self.stack.api.list("audit-log") if row["action"] == "repack"]


@pytest.fixture
def house(make_stack):
    house = House(make_stack())
    house.move_to(f"http://127.0.0.1:{free_port()}/v1")
    house.restart()
    house.serve_a_model()
    return house


def test_a_row_that_changed_reaches_replicas_after_a_restart_as_one_change(house):
    with pytest.raises(openai.APIStatusError):
        house.ask()
    before = house.stack.revision()
    house.move_to(house.stack.provider.base_url)
    house.restart()
    house.stack.wait_for_replicas()
    assert house.ask().choices
    assert house.stack.revision() == before + 1
    [row] = house.repack_rows()
    assert row["actor"] == "system:repack" and row["revision"] == before + 1 and row["after"] == {"resources": 1}
    assert not house.stack.api.replicas()[0]["refused_reason"]
    house.stack.api.update("providers", house.stack.upstream["id"], connect_timeout_ms=4000)
    house.stack.wait_for_replicas()  # the digest of the organization is right: a replica took the next delta, too


def test_what_is_packed_the_same_is_left_alone(house):
    before = house.stack.revision()
    house.move_to(house.file.read_text().split("base_url: ")[1].split()[0], comment="said otherwise")
    house.restart()
    assert house.stack.revision() == before and house.repack_rows() == []
    [done] = [line for line in house.stack.controlplane.log_lines() if line["event"] == "repack_done"][-1:]
    assert done["organizations"] == 1 and done["resources"] == 0


def test_instances_that_start_at_once_pack_once(house):
    stack = house.stack
    second = ControlPlane(stack.folder / "second", stack.postgres, stack.database, stack.certificates)
    for shared in ("SEAL_KEY_FILE", "ADMIN_TOKEN_FILE", "PROVIDER_REGISTRY_FILE"):
        name = f"TOLLGATE_CONTROLPLANE_{shared}"
        second.configuration[name] = stack.controlplane.configuration[name]
    try:
        second.start()
        before = stack.revision()
        house.move_to(stack.provider.base_url)
        house.restart(stack.controlplane, second)
        stack.wait_for_replicas()
        assert stack.revision() == before + 1 and len(house.repack_rows()) == 1
        assert house.ask().choices
    finally:
        second.stop()


def test_a_provider_whose_kind_is_gone_goes_on_as_it_was(house):
    house.move_to(house.stack.provider.base_url)
    house.restart()
    house.stack.wait_for_replicas()
    assert house.ask().choices
    house.stack.controlplane.configuration.pop(REGISTRY)
    house.restart()
    skipped = [line for line in house.stack.controlplane.log_lines() if line["event"] == "repack_skipped"]
    assert skipped and all("'house'" in line["reason"] for line in skipped), skipped
    assert house.ask().choices


def test_a_file_with_a_mistake_is_refused_at_the_start_by_the_row_s_name(house):
    house.file.write_text("providers: [{name: house, auth: bearer, apis: [telepathy], checked: here}]\n")
    controlplane = house.stack.controlplane
    run = subprocess.run(controlplane.arguments, env=clean_environment() | controlplane.env, capture_output=True, text=True,
                         timeout=60)
    assert run.returncode == 2 and "provider \"house\": 'apis'" in run.stderr, run.stderr
