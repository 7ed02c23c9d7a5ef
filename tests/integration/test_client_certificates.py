"""Providers that ask for a client certificate: real TLS servers that know whom they talk to."""

import datetime
import json
import re
import ssl
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from harness import wait_until
from harness.api import ApiError
from harness.certificates import Certificates
from harness.process import binary, clean_environment

ANSWER = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m",
                     "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}).encode()


class Issued:
    """A certificate with its key; `chain` is what stands behind it in the file."""

    def __init__(self, name, issuer=None, days=90, is_authority=False, private=None):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.private = private or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.timezone.utc)
        self.ends = (now + datetime.timedelta(days=days)).replace(microsecond=0)
        builder = x509.CertificateBuilder(
            subject_name=self.name, issuer_name=(issuer or self).name, public_key=self.private.public_key(),
            serial_number=x509.random_serial_number(), not_valid_before=now - datetime.timedelta(days=2), not_valid_after=self.ends)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        self.certificate = builder.sign((issuer or self).private, hashes.SHA256())
        self.chain = issuer.pem + issuer.chain if issuer and issuer.issuer else ""
        self.issuer = issuer

    @property
    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def key(self):
        return self.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()).decode()

    @property
    def members(self):
        return {"client_certificate_pem": self.pem + self.chain, "client_key_pem": self.key}


class MutualProvider:
    """A provider that lets nobody in whose certificate is not of `authority`."""

    def __init__(self, certificate, authority_pem, version=None):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                subject = dict(part[0] for part in self.connection.getpeercert()["subject"])
                outer.seen.append((subject["commonName"], body["model"], self.headers.get("authorization")))
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(ANSWER)))
                self.end_headers()
                self.wfile.write(ANSWER)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def finish_request(self, request, client_address):
                try:
                    secured = outer.context.wrap_socket(request, server_side=True)
                except (ssl.SSLError, OSError) as refusal:
                    outer.refusals.append(str(refusal))
                    return
                outer.connections += 1
                super().finish_request(secured, client_address)

            def handle_error(self, request, client_address):
                pass  # clients come and go

        self.seen, self.refusals, self.connections = [], [], 0
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.verify_mode = ssl.CERT_REQUIRED
        self.context.load_verify_locations(cadata=authority_pem)
        if version:
            self.context.maximum_version = version
        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class World:
    """A provider in the gateway that is such a server; each model has a credential of its own."""

    def __init__(self, stack, name, version=None):
        self.stack, self.name = stack, name
        self.authority = Issued("the authority", is_authority=True)
        self.certificates = Certificates(stack.folder / f"mutual-{name}")
        self.server = MutualProvider(self.certificates.controlplane, self.authority.pem, version)
        self.provider = stack.api.create("providers", name=name, kind="openai_compatible", base_url=self.server.url,
                                         ca_pem=self.certificates.ca.read_text())

    def issue(self, name="gateway", **options):
        return Issued(name, self.authority, **options)

    def credential(self, name, issued=None, **members):
        if issued and "secret" not in members:
            members = {"kind": "client_certificate"} | members
        return self.stack.api.create("credentials", name=name, provider_id=self.provider["id"],
                                     **(issued.members if issued else {}), **members)

    def serve(self, name, credential):
        model = self.stack.create_model(f"{self.name}-{name}", name, self.provider, credential)
        profile = self.stack.api.show("access-profiles", self.stack.profile["id"])
        self.stack.api.update("access-profiles", profile["id"], model_ids=[*profile["model_ids"], model["id"]])
        self.stack.wait_for_replicas()
        return model

    def ask(self, name, content="hi"):
        return httpx.post(f"{self.stack.replicas[0].base_url}/chat/completions", trust_env=False, timeout=60,
                          headers={"authorization": f"Bearer {self.stack.key['key']}"},
                          json={"model": f"{self.name}-{name}", "messages": [{"role": "user", "content": content}]})


@pytest.fixture
def make_world():
    made = []

    def make(stack, name, **options):
        made.append(World(stack, name, **options))
        return made[-1]
    yield make
    for world in made:
        world.server.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls12", "tls13"])
def test_a_client_certificate_lets_calls_in(stack, make_world, version):
    world = make_world(stack, f"lets-in-{version.name.lower().replace('_', '-')}", version=version)
    middle = Issued("in between", world.authority, is_authority=True)
    world.serve("alone", world.credential("alone", Issued("gateway", middle)))
    world.serve("beside", world.credential("beside", world.issue("gateway-2"), secret="sk-beside-a-certificate"))
    for name in ("alone", "beside"):
        answer = world.ask(name)
        assert answer.status_code == 200, answer.text
    assert world.server.seen == [("gateway", "alone", None), ("gateway-2", "beside", "Bearer sk-beside-a-certificate")]
    assert world.server.refusals == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls12", "tls13"])
@pytest.mark.parametrize("content", ["hi", "x" * 3_000_000], ids=["short", "long"])
def test_without_the_right_certificate_the_error_is_clear_and_nothing_is_charged(stack, make_world, version, content):
    world = make_world(stack, f"refused-{version.name.lower().replace('_', '-')}-{len(content)}", version=version)
    world.serve("none", world.credential("none", secret="sk-without-a-certificate"))
    world.serve("stranger", world.credential("stranger", Issued("gateway", Issued("another authority", is_authority=True))))
    booked = len(stack.books.records())
    for number, name in enumerate(("none", "stranger"), 1):
        before = len(logged(stack.replicas[0], "upstream_failed"))
        answer = world.ask(name, content)
        error = answer.json()["error"]
        assert answer.status_code == 502 and error["code"] == "provider_unavailable", answer.text
        assert "tls_failed" in error["message"], logged(stack.replicas[0], "upstream_failed")[-1]
        line = wait_until(lambda: logged(stack.replicas[0], "upstream_failed")[before:], "the line in the log")[0]
        assert line["provider"] == world.name and line["failure"] == "tls_failed", line
        assert re.search("certificate|handshake failure|unknown ca", line["reason"]), line
        record = wait_until(lambda: stack.books.records()[booked + number - 1:], "the record")[0]
        assert record["cost_pusd"] == 0 and record["input_tokens"] == 0, record
        assert len(world.server.refusals) == number
    assert world.server.seen == []


def test_where_one_certificate_is_not_accepted_the_next_deployment_serves(stack, make_world):
    world = make_world(stack, "failover")
    model = world.serve("both", world.credential("bad", Issued("gateway", Issued("another authority", is_authority=True))))
    good = world.credential("good", world.issue("good"))
    stack.api.create("deployments", name="second", model_id=model["id"], provider_id=world.provider["id"],
                     credential_id=good["id"], upstream_model="both", priority=7)
    stack.wait_for_replicas()
    assert world.ask("both").status_code == 200
    assert [name for name, *_ in world.server.seen] == ["good"] and len(world.server.refusals) == 1


def test_two_certificates_at_one_host_never_mix(stack, make_world):
    world = make_world(stack, "mixed")
    names = ["alpha", "beta", "gamma"]
    for name in names:
        world.serve(name, world.credential(name, world.issue(name)))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda number: world.ask(names[number % 3]), range(240)))
    assert {answer.status_code for answer in answers} == {200}
    assert {(name, model) for name, model, _ in world.server.seen} == {(name, name) for name in names}
    assert len(world.server.seen) == 240 > world.server.connections  # and connections were used again


def test_a_rotated_certificate_takes_effect_and_no_call_fails(stack, make_world):
    world = make_world(stack, "rotated")
    credential = world.credential("rotated", world.issue("before"))
    world.serve("rotated", credential)
    stop, statuses = threading.Event(), []

    def keep_asking():
        while not stop.is_set():
            statuses.append(world.ask("rotated").status_code)

    with ThreadPoolExecutor(4) as pool:
        askers = [pool.submit(keep_asking) for _ in range(4)]
        try:
            for name in ("second", "third"):
                wait_until(lambda: world.server.seen[-1:] and len(statuses) > 20, "calls")
                stack.api.update("credentials", credential["id"], **world.issue(name).members)
                wait_until(lambda: world.server.seen[-1][0] == name, f"the certificate {name}")
        finally:
            stop.set()
        for asker in askers:
            asker.result()
    stack.wait_for_replicas()
    seen = len(world.server.seen)
    assert world.ask("rotated").status_code == 200 and set(statuses) == {200}
    assert {name for name, *_ in world.server.seen[seen:]} == {"third"}
    assert [name for name in dict.fromkeys(name for name, *_ in world.server.seen)] == ["before", "second", "third"]
    assert world.server.refusals == []


def test_a_replica_keeps_the_key_sealed_and_works_from_its_disk(make_stack, make_world):
    stack = make_stack()
    world = make_world(stack, "sealed")
    issued = world.issue("sealed")
    credential = world.credential("sealed", issued)
    world.serve("sealed", credential)
    assert world.ask("sealed").status_code == 200
    secrets = issued.key.splitlines()[1:3]
    assert "client_key_pem" not in credential and issued.pem.splitlines()[1] in credential["client_certificate_pem"]
    for path in (stack.api.path("credentials", credential["id"]), stack.api.path("audit-log"), stack.api.path("credentials")):
        text = stack.api.client.get(path).text
        assert issued.pem.splitlines()[1] in text and not any(secret in text for secret in secrets)
    for table in ("credentials", "snapshot_resources"):
        for row in stack.books.query(f"SELECT {table}::text AS row FROM {table}"):
            assert not any(secret in row["row"] or secret.encode().hex() in row["row"] for secret in secrets)
    stack.controlplane.stop()
    stack.replicas[0].stop()
    stack.replicas[0].start()
    assert world.ask("sealed").status_code == 200
    files = [path for path in stack.folder.rglob("*") if path.is_file()]
    assert any("snapshot" in path.name for path in files)
    for path in files:
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path


def test_the_end_of_a_certificate_is_shown_and_told_in_time(stack, make_world):
    world = make_world(stack, "ending")
    soon, later = world.issue("soon", days=10), world.issue("later", days=90)
    before = expiring(stack)
    credential = world.credential("ending", soon)
    assert credential["expires_at"] == soon.ends.strftime("%Y-%m-%dT%H:%M:%S.000Z") and credential["status"] == "expiring"
    wait_until(lambda: expiring(stack) == before + 1, "the metric to tell")
    (line,) = [line for line in logged(stack.controlplane, "client_certificate_expires")
               if line["credential_id"] == credential["id"]]
    assert line["credential"] == "ending" and 9 * 86_400_000 < line["expires_in_ms"] < 10 * 86_400_000
    renewed = stack.api.update("credentials", credential["id"], **later.members)
    assert renewed["status"] == "ready" and renewed["expires_at"].startswith(later.ends.strftime("%Y-%m-%dT%H:%M:%S"))
    wait_until(lambda: expiring(stack) == before, "the metric to forget")


def logged(process, event):
    return [line for line in process.log_lines() if line.get("event") == event]


def expiring(stack):
    metrics = httpx.get(f"{stack.controlplane.url}/metrics", trust_env=False,
                        headers={"authorization": f"Bearer {stack.controlplane.token}"}).text
    return int(re.search(r"^tollgate_client_certificates_expiring (\d+)$", metrics, re.M)[1])


def test_what_could_not_be_used_is_refused_by_its_name(stack, make_world):
    world = make_world(stack, "checked")
    good, other = world.issue("good"), world.issue("other")
    cases = [({"client_certificate_pem": good.pem, "client_key_pem": other.key}, "client_key_pem", "not that of the certificate"),
             ({"client_certificate_pem": good.pem}, "client_key_pem", "is required"),
             ({"client_key_pem": good.key}, "client_certificate_pem", "is required"),
             ({"client_certificate_pem": "no PEM", "client_key_pem": good.key}, "client_certificate_pem", "not valid PEM"),
             ({"client_certificate_pem": good.pem + good.key, "client_key_pem": good.key}, "client_certificate_pem", "private key"),
             (world.issue("over", days=-1).members, "client_certificate_pem", "expired"),
             (good.members | {"secret": "sk-too"}, "secret", "no part of")]
    for members, field, says in cases:
        with pytest.raises(ApiError) as refused:
            world.credential("bad", kind="client_certificate", **members)
        assert refused.value.status in (400, 422), refused.value
        errors = {error["field"]: error["detail"] for error in refused.value.problem["errors"]}
        assert says in errors[field], errors
        assert good.key.splitlines()[1] not in str(refused.value)


def test_authorities_that_no_replica_could_use_are_refused(stack):
    cut = Issued("an authority", is_authority=True).pem[:200] + "\n-----END CERTIFICATE-----\n"
    for text in ("no PEM", cut):
        with pytest.raises(ApiError) as refused:
            stack.api.create("providers", name="bad-ca", kind="openai_compatible", base_url="https://127.0.0.1:9/v1", ca_pem=text)
        assert {error["field"] for error in refused.value.problem["errors"]} == {"ca_pem"}


def test_a_key_gets_and_loses_a_certificate_and_a_renewed_one_needs_no_key(stack, make_world):
    world = make_world(stack, "changed")
    credential = world.credential("changed", secret="sk-changed-by-and-by")
    world.serve("changed", credential)
    assert world.ask("changed").status_code == 502
    issued = world.issue("changed")
    stack.api.update("credentials", credential["id"], **issued.members)
    stack.wait_for_replicas()
    assert world.ask("changed").status_code == 200
    renewed = world.issue("renewed", private=issued.private)
    stack.api.update("credentials", credential["id"], client_certificate_pem=renewed.pem)
    stack.wait_for_replicas()
    assert world.ask("changed").status_code == 200 and world.server.seen[-1][0] == "renewed"
    without = stack.api.update("credentials", credential["id"], client_certificate_pem="")
    assert without["client_certificate_pem"] == "" and without["expires_at"] is None and without["status"] == "ready"
    stack.wait_for_replicas()
    assert world.ask("changed").status_code == 502


def test_the_command_line_takes_certificate_and_key_from_files(stack, make_world, tmp_path):
    world = make_world(stack, "by-hand")
    environment = clean_environment() | {"TOLLGATE_URL": stack.controlplane.url, "TOLLGATE_TOKEN": stack.controlplane.token,
                                         "TOLLGATE_ORGANIZATION": "acme"}

    def run(verb, issued, *words):
        certificate, key = tmp_path / "gateway.pem", tmp_path / "gateway.key"
        certificate.write_text(issued.pem)
        key.write_text(issued.key)
        key.chmod(0o600)
        done = subprocess.run([binary("tollgate"), "credential", verb, "by-hand", *words, "--client-certificate-file", certificate,
                               "--client-key-file", key, "--json"], capture_output=True, text=True, env=environment, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    first, second = world.issue("first"), world.issue("second")
    credential = run("create", first, "--provider", "by-hand", "--kind", "client_certificate")
    assert credential["kind"] == "client_certificate" and credential["client_certificate_pem"] == first.pem
    world.serve("cli", credential)
    assert world.ask("cli").status_code == 200
    run("update", second)
    stack.wait_for_replicas()
    assert world.ask("cli").status_code == 200
    assert [name for name, *_ in world.server.seen] == ["first", "second"]
