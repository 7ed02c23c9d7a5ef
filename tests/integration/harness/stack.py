"""Everything running together, set up the way an administrator would: through the API."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import openai

from .api import Api
from .books import Books
from .certificates import Certificates
from .process import binary, clean_environment, wait_until
from .programs import ControlPlane, DataPlane, Provider

# gpt-4o-mini's list prices: a worst case of 16,384 output tokens is $0.0098.
INPUT_PER_MILLION = "0.15"
OUTPUT_PER_MILLION = "0.60"


class Stack:
    def __init__(self, postgres, replicas=1, dataplane_settings=None, provider_has_log=True,
                 controlplane_settings=None, controlplane_command=None, dataplane_command=None):
        self.folder = Path(tempfile.mkdtemp(prefix="tollgate-"))
        self.postgres = postgres
        self.database = postgres.create_database()
        self.certificates = Certificates(self.folder / "certificates")
        self.provider = Provider(self.folder, has_log=provider_has_log)
        self.controlplane = ControlPlane(self.folder / "controlplane", postgres, self.database, self.certificates,
                                         command=controlplane_command, **(controlplane_settings or {}))
        self.replicas = [
            DataPlane(self.folder / f"replica-{number}", f"replica-{number}", self.controlplane.stream_port,
                      self.certificates, command=dataplane_command, **(dataplane_settings or {}))
            for number in range(1, replicas + 1)
        ]
        self.books = Books(postgres, self.database, self.provider)
        self.api = Api(self.controlplane.url, self.controlplane.token)
        try:
            self.start()
        except BaseException:
            self.destroy(check=False)
            raise

    def start(self):
        self.migrate()
        self.postgres.create_service_role()
        self.provider.start()
        self.controlplane.start()
        self.set_up()
        for replica in self.replicas:
            replica.start()
        self.wait_for_replicas()

    def migrate(self):
        subprocess.run([binary("tollgate-controlplane"), "migrate"], check=True, stdout=subprocess.DEVNULL,
                       env=clean_environment() | self.controlplane.configuration)

    def set_up(self):
        api = self.api
        api.create_organization("acme", timezone="Europe/Berlin")
        self.team = api.create("teams", name="search")
        self.project = api.create("projects", name="assistant", team_id=self.team["id"])
        self.application = api.create("applications", name="backend", project_id=self.project["id"])
        self.upstream = api.create("providers", name="simulator", kind="openai_compatible", base_url=self.provider.base_url)
        self.credential = api.create("credentials", name="main", provider_id=self.upstream["id"],
                                     secret=self.provider.key)
        self.model = self.create_model("gpt-4o-mini")
        self.embedding = self.create_model("text-embedding-3-small", kind="embedding", max_input_tokens=8191,
                                           max_output_tokens=0)
        self.profile = api.create("access-profiles", name="standard",
                                  model_ids=[self.model["id"], self.embedding["id"]])
        self.key = self.create_key("backend-1")

    def create_model(self, name, upstream_model=None, provider=None, credential=None, **fields):
        model = self.api.create("models", **({"name": name, "kind": "chat", "max_input_tokens": 128000,
                                              "max_output_tokens": 16384} | fields))
        deployment = self.api.create("deployments", name="main", model_id=model["id"],
                                     provider_id=(provider or self.upstream)["id"],
                                     credential_id=(credential or self.credential)["id"],
                                     upstream_model=upstream_model or name)
        self.api.create("prices", deployment_id=deployment["id"], effective_from="2024-01-01T00:00:00Z",
                        rates={"input": INPUT_PER_MILLION, "cached_input": "0.075", "output": OUTPUT_PER_MILLION})
        return model

    def create_key(self, name, profile=None, application=None, **fields):
        return self.api.create("api-keys", name=name, application_id=(application or self.application)["id"],
                               access_profile_id=(profile or self.profile)["id"], **fields)

    def create_budget(self, limit, scope="team", scope_id=None, **fields):
        budget = self.api.create("budgets", **({"name": f"{scope}-budget", "scope": scope,
                                                "scope_id": scope_id or self.team["id"], "unit": "money",
                                                "limit": limit, "window": "month"} | fields))
        self.wait_for_replicas()
        return budget

    def revision(self):
        return self.books.query("SELECT revision FROM config_state")[0]["revision"]

    def wait_for_replicas(self):
        """Until every running replica has acknowledged the newest revision."""
        names = {replica.replica for replica in self.replicas if replica.is_running()}

        def current():
            newest = self.revision()
            acked = {replica["name"] for replica in self.api.replicas() if replica["acked_revision"] >= newest}
            return names <= acked
        wait_until(current, f"{names} to acknowledge revision {self.revision()}: {self.api.replicas()}")

    def openai(self, replica=None, key=None, **options):
        options = {"max_retries": 0, "timeout": 60.0} | options
        return openai.OpenAI(base_url=(replica or self.replicas[0]).base_url, api_key=key or self.key["key"], **options)

    def async_openai(self, replica=None, key=None, **options):
        options = {"max_retries": 0, "timeout": 120.0} | options
        return openai.AsyncOpenAI(base_url=(replica or self.replicas[0]).base_url, api_key=key or self.key["key"],
                                  **options)

    def destroy(self, check=True):
        self.api.close()
        failures = []
        for process in [*self.replicas, self.controlplane, self.provider]:
            try:
                process.stop()
            except AssertionError as failure:
                failures.append(str(failure))
        if check and failures:
            raise AssertionError("\n".join(failures))
        if not failures:
            shutil.rmtree(self.folder)
