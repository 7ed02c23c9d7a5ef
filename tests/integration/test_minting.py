"""Credentials that are exchanged for short-lived tokens: by real HTTPS servers that check what they are asked."""

import base64
import json
import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import boto3
import httpx
import openai
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from harness import ControlPlane, wait_until
from harness.api import ApiError
from harness.certificates import Certificates
from harness.process import Process, binary, clean_environment, free_port

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
ANSWER = {"id": "c", "object": "chat.completion", "created": 1, "model": "m",
          "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
          "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}


class Server:
    """An HTTP(S) server on a free port; `answer(path, headers, body)` gives status and JSON."""

    def __init__(self, answer, certificate=None):
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, payload = outer.answer(self.path, self.headers, body)
                data = json.dumps(payload).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.answer = answer
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class TokenEndpoint(Server):
    """Google's and Microsoft's token endpoint: gives a new token of `life_s` for a request that is right in every part."""

    def __init__(self, certificates):
        super().__init__(self.exchange, certificates.controlplane)
        self.life_s = 3600
        self.requests = 0
        self.refusal = None  # (status, JSON) instead of a token
        self.ends = {}       # token -> when it ends
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/token"

    def service_account_key(self, **changes):
        pem = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.NoEncryption()).decode()
        return json.dumps({"type": "service_account", "project_id": "p", "private_key_id": "key-1", "private_key": pem,
                           "client_email": "gateway@p.iam.gserviceaccount.com", "client_id": "1",
                           "token_uri": self.url} | changes, indent=2)

    def exchange(self, path, headers, body):
        form = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
        with self.lock:
            self.requests += 1
            if self.refusal:
                return self.refusal
            problem = self.check(path, form)
            if problem:
                return 400, {"error": "invalid_grant", "error_description": problem}
            token = f"token-{len(self.ends) + 1}"
            self.ends[token] = time.time() + self.life_s
            return 200, {"access_token": token, "expires_in": self.life_s, "token_type": "Bearer"}

    def check(self, path, form):
        if path != "/token":
            return "wrong path"
        if form["grant_type"] == "client_credentials":
            wanted = {"client_id": "client-1", "client_secret": "azure~secret/+=", "scope": AZURE_SCOPE}
            return None if wanted.items() <= form.items() else "wrong client"
        if form["grant_type"] != "urn:ietf:params:oauth:grant-type:jwt-bearer":
            return "wrong grant"
        head, claims, signature = form["assertion"].split(".")
        self.key.public_key().verify(unbase64(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        if json.loads(unbase64(head)) != {"alg": "RS256", "typ": "JWT", "kid": "key-1"}:
            return "wrong header"
        claims = json.loads(unbase64(claims))
        if claims["iss"] != "gateway@p.iam.gserviceaccount.com" or claims["scope"] != SCOPE or claims["aud"] != self.url:
            return "wrong claims"
        return None if abs(claims["iat"] - time.time()) < 60 and 0 < claims["exp"] - claims["iat"] <= 3600 else "wrong times"


def unbase64(text):
    assert "=" not in text
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Upstream(Server):
    """A provider that takes the endpoint's tokens while they are good, and nothing else."""

    def __init__(self, endpoint):
        super().__init__(self.chat)
        self.endpoint = endpoint
        self.asked = []  # with any token
        self.seen = []

    def chat(self, path, headers, body):
        self.asked.append(path)
        token = headers.get("authorization", "").removeprefix("Bearer ")
        if self.endpoint.ends.get(token, 0) <= time.time():
            return 401, {"error": {"message": "bad token"}}
        self.seen.append(token)
        return 200, ANSWER


class Cloud:
    """A token endpoint, a provider that believes it, and a model in the gateway that is served by them."""

    def __init__(self, stack, name):
        self.stack = stack
        self.name = name
        self.certificates = Certificates(stack.folder / f"cloud-{name}")
        self.endpoint = TokenEndpoint(self.certificates)
        self.upstream = Upstream(self.endpoint)
        self.provider = stack.api.create("providers", name=name, kind="openai_compatible",
                                         base_url=f"http://127.0.0.1:{self.upstream.port}/v1")

    @property
    def ca_pem(self):
        return self.certificates.ca.read_text()

    def google(self, name="google", **fields):
        return self.create(**{"name": name, "kind": "gcp_service_account", "ca_pem": self.ca_pem,
                              "service_account_key": self.endpoint.service_account_key()} | fields)

    def create(self, **fields):
        return self.stack.api.create("credentials", provider_id=self.provider["id"], **fields)

    def show(self, credential):
        return self.stack.api.show("credentials", credential["id"])

    def wait_for(self, credential, status):
        return wait_until(lambda: (shown := self.show(credential))["status"] == status and shown,
                          f"{credential['name']} to be {status}: {self.show(credential)}")

    def serve(self, credential):
        model = self.stack.create_model(self.name, None, self.provider, credential)
        profile = self.stack.api.show("access-profiles", self.stack.profile["id"])
        self.stack.api.update("access-profiles", self.stack.profile["id"], model_ids=[*profile["model_ids"], model["id"]])
        self.stack.wait_for_replicas()

    def ask(self):
        return self.stack.openai().chat.completions.create(model=self.name, messages=[{"role": "user", "content": "hi"}])

    def is_waited_for(self):
        """There is no good token: the client hears so, and the provider nothing."""
        before = len(self.upstream.asked)
        with pytest.raises(openai.APIStatusError) as refused:
            self.ask()
        assert (refused.value.status_code, refused.value.code) == (503, "credential_pending")
        assert self.name in refused.value.message
        headers = refused.value.response.headers
        assert headers["x-should-retry"] == "true" and int(headers["retry-after"]) > 0
        assert len(self.upstream.asked) == before

    def close(self):
        self.endpoint.close()
        self.upstream.close()


@pytest.fixture
def cloud(stack, request):
    made = Cloud(stack, re.sub("[^a-z0-9]+", "-", request.node.name)[:60].rstrip("-"))
    yield made
    for credential in stack.api.list("credentials", provider_id=made.provider["id"]):
        for deployment in stack.api.list("deployments", credential_id=credential["id"]):
            stack.api.update("deployments", deployment["id"], is_enabled=False)
    made.close()


def test_a_google_service_account_s_tokens_are_renewed_before_they_end_and_no_call_fails(stack, cloud):
    cloud.endpoint.life_s = 6
    credential = cloud.google()
    ready = cloud.wait_for(credential, "ready")
    assert ready["expires_at"] and ready["last_error"] == ""
    cloud.serve(credential)
    while len(set(cloud.upstream.seen)) < 4:
        assert cloud.ask().choices[0].message.content == "hello"
    assert cloud.show(credential)["status"] == "ready"
    # Half a life and more passes between two of them: they are renewed early, not all the time.
    assert cloud.endpoint.requests <= 8


def test_what_is_exchanged_and_what_it_is_exchanged_for_are_never_shown(stack, cloud):
    key = cloud.endpoint.service_account_key()
    credential = cloud.google(service_account_key=key)
    cloud.wait_for(credential, "ready")
    secrets = ["token-1", json.loads(key)["private_key"].splitlines()[1], "private_key\""]
    for path in (stack.api.path("credentials", credential["id"]), stack.api.path("audit-log"), stack.api.path("credentials")):
        text = stack.api.client.get(path, params={} if credential["id"] in path else {"limit": 200}).text
        assert not any(secret in text for secret in secrets)
    log = stack.controlplane.log.read_text()
    assert '"token_minted"' in log and not any(secret in log for secret in secrets)
    for table in ("credentials", "snapshot_resources"):
        for row in stack.books.query(f"SELECT {table}::text AS row FROM {table}"):
            assert not any(secret in row["row"] or secret.encode().hex() in row["row"] for secret in secrets)


def test_minting_is_a_change_with_a_revision_whose_actor_is_no_person(stack, cloud):
    credential = cloud.google()
    cloud.wait_for(credential, "ready")
    entries = [entry for entry in stack.api.list("audit-log", resource_id=credential["id"])]
    assert {(entry["action"], entry["actor"]) for entry in entries if entry["actor"] == "system:minting"} == {
        ("update", "system:minting")}
    assert len(entries) == 2


def test_a_refusal_is_shown_and_tried_again_until_it_passes(stack, cloud):
    cloud.endpoint.refusal = (400, {"error": "invalid_grant", "error_description": "Account is\u001b disabled"})
    credential = cloud.google()
    failed = cloud.wait_for(credential, "failed")
    assert "HTTP status 400: invalid_grant: Account is" in failed["last_error"] and "\u001b" not in failed["last_error"]
    assert failed["expires_at"] is None
    metrics = httpx.get(f"{stack.controlplane.url}/metrics", headers={"authorization": f"Bearer {stack.controlplane.token}"},
                        trust_env=False).text
    assert int(re.search(r'tollgate_minting_exchanges_total\{outcome="failed"\} (\d+)', metrics)[1]) >= 1
    cloud.serve(credential)
    cloud.is_waited_for()
    cloud.endpoint.refusal = None
    assert cloud.wait_for(credential, "ready")["last_error"] == ""
    stack.wait_for_replicas()
    assert cloud.ask().choices[0].message.content == "hello"


def test_while_renewal_fails_the_token_in_use_goes_on(stack, cloud):
    cloud.endpoint.life_s = 10
    credential = cloud.google()
    cloud.wait_for(credential, "ready")
    cloud.serve(credential)
    cloud.endpoint.refusal = (503, {"error": "temporarily_unavailable"})
    failing = cloud.wait_for(credential, "renewal_failing")
    assert "503" in failing["last_error"]
    cloud.ask()
    cloud.endpoint.refusal = None
    assert cloud.wait_for(credential, "ready")["last_error"] == ""


def test_a_token_that_has_ended_is_not_used_and_another_deployment_serves(stack, cloud):
    cloud.endpoint.life_s = 3
    credential = cloud.google()
    cloud.wait_for(credential, "ready")
    cloud.serve(credential)
    cloud.ask()
    cloud.endpoint.refusal = (503, {"error": "temporarily_unavailable"})
    cloud.wait_for(credential, "failed")  # it has ended
    cloud.is_waited_for()
    (model,) = [model for model in stack.api.list("models") if model["name"] == cloud.name]
    other = stack.api.create("deployments", name="other", model_id=model["id"], provider_id=stack.upstream["id"],
                             credential_id=stack.credential["id"], upstream_model="gpt-4o-mini", priority=5)
    stack.wait_for_replicas()
    before = len(cloud.upstream.asked)
    assert cloud.ask().choices[0].message.content and len(cloud.upstream.asked) == before
    stack.api.delete("deployments", other["id"])


def test_an_endpoint_with_a_certificate_of_somebody_else_is_not_told_anything(stack, cloud):
    credential = cloud.google(ca_pem=Certificates(stack.folder / "stranger").ca.read_text())
    failed = cloud.wait_for(credential, "failed")
    assert "certificate" in failed["last_error"]
    assert cloud.endpoint.requests == 0
    stack.api.update("credentials", credential["id"], ca_pem=cloud.ca_pem)  # is tried at once
    cloud.wait_for(credential, "ready")


@pytest.mark.parametrize("answer", [{}, {"access_token": "x"}, {"access_token": "a\nb", "expires_in": 60}, [],
                                    {"access_token": "x", "expires_in": -1}, {"access_token": "", "expires_in": 60}])
def test_an_answer_without_a_usable_token_is_a_failure(stack, cloud, answer):
    cloud.endpoint.refusal = (200, answer)
    assert "token endpoint" in cloud.wait_for(cloud.google(), "failed")["last_error"]


def test_an_azure_client_s_token_is_what_calls_carry(stack, cloud):
    credential = cloud.create(name="entra", kind="azure_client_credentials", tenant_id="contoso.example", client_id="client-1",
                              secret="azure~secret/+=", token_url=cloud.endpoint.url, ca_pem=cloud.ca_pem)
    cloud.wait_for(credential, "ready")
    cloud.serve(credential)
    assert cloud.ask().choices[0].message.content == "hello"
    stack.api.update("credentials", credential["id"], secret="another")
    assert "wrong client" in cloud.wait_for(credential, "renewal_failing")["last_error"]
    cloud.ask()


def test_endpoints_that_hang_hold_up_neither_other_credentials_nor_the_end_of_the_program(make_stack):
    stack = make_stack()
    cloud = Cloud(stack, "hung")
    try:
        with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and says nothing
            url = f"https://127.0.0.1:{silent.getsockname()[1]}/"
            for number in range(3):
                cloud.create(name=f"hung-{number}", kind="azure_client_credentials", tenant_id="t", client_id="c", secret="s", token_url=url)
            started = time.monotonic()
            cloud.wait_for(cloud.google(), "ready")
            stack.controlplane.stop()
            assert time.monotonic() - started < 12  # a call may take 15 s
    finally:
        cloud.close()


def test_of_two_instances_one_mints(make_stack):
    stack = make_stack()
    second = ControlPlane(stack.folder / "second", stack.postgres, stack.database, stack.certificates)
    for shared in ("SEAL_KEY_FILE", "ADMIN_TOKEN_FILE"):
        second.configuration[f"TOLLGATE_CONTROLPLANE_{shared}"] = stack.controlplane.configuration[f"TOLLGATE_CONTROLPLANE_{shared}"]
    second.start()
    cloud = Cloud(stack, "two")
    try:
        with ThreadPoolExecutor(4) as pool:
            credentials = list(pool.map(lambda number: cloud.google(f"google-{number}"), range(12)))
        for credential in credentials:
            cloud.wait_for(credential, "ready")
        assert cloud.endpoint.requests == 12
        # What the first leaves behind when it dies, the second takes over.
        stack.controlplane.kill()
        stack.api.base_url = second.url
        stack.books.query("UPDATE credentials SET next_mint_at = now() WHERE kind = 'gcp_service_account' RETURNING id")
        stack.books.query("SELECT pg_notify('tollgate_config', '1')")
        wait_until(lambda: cloud.endpoint.requests == 24, "the second instance to renew all of them")
    finally:
        cloud.close()
        second.stop()


# ---- AWS, as moto plays it ----


def start_moto(folder, **env):
    certificates = Certificates(folder)
    certificate, key = certificates.controlplane
    port = free_port()
    server = Process("moto", [Path(sys.executable).parent / "moto_server", "-H", "127.0.0.1", "-p", port,
                              "-c", certificate, "-k", key],
                     folder / "moto.log", env=env, ready=lambda: answers(f"https://127.0.0.1:{port}/moto-api/", str(certificates.ca)))
    server.start()
    server.url = f"https://127.0.0.1:{port}/"
    server.ca = certificates.ca
    return server


@pytest.fixture(scope="module")
def sts(stack):
    """STS and IAM that check every signature after the three actions that make a user."""
    server = start_moto(stack.folder / "moto", INITIAL_NO_AUTH_ACTION_COUNT="3")
    yield server
    server.kill()


@pytest.fixture
def unsigned_sts(tmp_path):
    """The same without: where signatures are checked, moto cannot answer what needs none."""
    server = start_moto(tmp_path / "moto")
    yield server
    server.kill()


def answers(url, ca):
    try:
        return httpx.get(url, verify=ssl.create_default_context(cafile=ca), trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def unseal(stack, credential, column):
    """What the control plane sealed, opened with its key: version, key id, nonce, ciphertext and tag."""
    row = stack.books.query(f"SELECT {column} AS sealed FROM credentials WHERE id = '{credential['id']}'")[0]
    sealed = bytes(row["sealed"])
    key = bytes.fromhex((stack.folder / "controlplane" / "seal.key").read_text())
    place = f"credential:{credential['organization_id']}:{credential['id']}".encode()
    return AESGCM(key).decrypt(sealed[5:17], sealed[17:], sealed[:5] + place).decode()


def session_of(stack, credential):
    row = stack.books.query(f"SELECT token_access_key_id AS id FROM credentials WHERE id = '{credential['id']}'")[0]
    return dict(aws_access_key_id=row["id"], aws_secret_access_key=unseal(stack, credential, "sealed_token"),
                aws_session_token=unseal(stack, credential, "sealed_token_session"))


def client(sts, service, **keys):
    return boto3.client(service, region_name="eu-central-1", endpoint_url=sts.url, verify=str(sts.ca), **keys)


def make_source(sts):
    """A user with a key who may assume roles, while the server does not check signatures yet; from then on it does."""
    root = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    iam = client(sts, "iam", **root)
    iam.create_user(UserName="gateway")
    iam.put_user_policy(UserName="gateway", PolicyName="assume", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}))
    return iam.create_access_key(UserName="gateway")["AccessKey"]


def test_an_assumed_role_s_keys_are_those_that_sts_gave(stack, cloud, sts):
    source = make_source(sts)
    role = "arn:aws:iam::123456789012:role/tollgate"
    fields = dict(kind="aws_assume_role", access_key_id=source["AccessKeyId"], role_arn=role, external_id="ex/ternal_1",
                  region="eu-central-1", token_url=sts.url, ca_pem=sts.ca.read_text(), session_duration_s=900)
    wrong = cloud.create(name="wrong", secret="not-the-secret-access-key", **fields)
    assert "SignatureDoesNotMatch" in cloud.wait_for(wrong, "failed")["last_error"]  # it does check
    credential = cloud.create(name="role", secret=source["SecretAccessKey"], **fields)
    ready = cloud.wait_for(credential, "ready")
    assert ready["expires_at"] > ready["updated_at"]
    session = session_of(stack, credential)
    assert session["aws_access_key_id"].startswith("ASIA")
    identity = client(sts, "sts", **session).get_caller_identity()
    assert identity["Arn"].startswith("arn:aws:sts::123456789012:assumed-role/tollgate/tollgate-")


def test_a_workload_s_token_is_read_from_its_folder_and_exchanged_for_keys(make_stack, tmp_path):
    seen = []

    def answer(path, headers, body):
        seen.append({name: values[0] for name, values in parse_qs(body.decode()).items()} | {"authorization": headers.get("authorization")})
        return 403, {}
    stack = make_stack()
    stack.controlplane.stop()
    stack.controlplane.configuration["TOLLGATE_CONTROLPLANE_MINTING_TOKEN_DIR"] = str(tmp_path)
    stack.controlplane.start()
    cloud = Cloud(stack, "workload")
    try:
        sts = Server(answer, cloud.certificates.controlplane)
        (tmp_path / "aws-token").write_text("eyJ.workload.token\n")
        credential = cloud.create(name="workload", kind="aws_web_identity", role_arn="arn:aws:iam::1:role/r", token_file="missing",
                                  token_url=f"https://127.0.0.1:{sts.port}/", ca_pem=cloud.ca_pem)
        assert "missing" in cloud.wait_for(credential, "failed")["last_error"]
        assert seen == []
        stack.api.update("credentials", credential["id"], token_file="aws-token")
        wait_until(lambda: seen, "the call to STS")
        assert seen[0] == {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/r",
                           "RoleSessionName": f"tollgate-{credential['id']}", "DurationSeconds": "3600",
                           "WebIdentityToken": "eyJ.workload.token", "authorization": None}
        sts.close()
    finally:
        cloud.close()


def test_a_workload_s_token_gets_keys_from_moto(make_stack, unsigned_sts, tmp_path):
    sts = unsigned_sts
    stack = make_stack()
    stack.controlplane.stop()
    stack.controlplane.configuration["TOLLGATE_CONTROLPLANE_MINTING_TOKEN_DIR"] = str(tmp_path)
    stack.controlplane.start()
    cloud = Cloud(stack, "moto")
    try:
        (tmp_path / "aws-token").write_text("eyJ.workload.token")
        credential = cloud.create(name="workload", kind="aws_web_identity", role_arn="arn:aws:iam::123456789012:role/web",
                                  token_file="aws-token", token_url=sts.url, ca_pem=sts.ca.read_text())
        cloud.wait_for(credential, "ready")
        assert session_of(stack, credential)["aws_access_key_id"].startswith("ASIA")
    finally:
        cloud.close()


REGISTRY = """
providers:
  - name: signed_chat
    display_name: A chat behind AWS's signature
    auth: aws_sigv4:bedrock
    apis: [chat]
    checked: a test
    documentation: https://example.com/
"""


class SignedUpstream(Server):
    """A provider that computes the signature of every call with AWS's own library, from the keys that it knows."""

    def __init__(self):
        super().__init__(self.chat)
        self.secrets = {}  # access key id -> (secret access key, session token)
        self.seen = []

    def chat(self, path, headers, body):
        authorization = headers["authorization"]
        match = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\w+)/\d{8}/eu-central-1/bedrock/aws4_request, "
                             r"SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}", authorization)
        secret, session_token = self.secrets[match[1]]
        request = AWSRequest(method="POST", url=f"https://{headers['host']}{path}", data=body)
        for name in match[2].split(";"):
            request.headers[name] = headers[name]
        request.context["timestamp"] = headers["x-amz-date"]
        signer = SigV4Auth(Credentials(match[1], secret, session_token), "bedrock", "eu-central-1")
        signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        if not authorization.endswith(f"Signature={signature}") or headers.get("x-amz-security-token") != session_token:
            return 403, {"message": "The request signature we calculated does not match"}
        self.seen.append(match[1])
        return 200, ANSWER


def test_calls_are_signed_with_the_keys_of_the_session_and_with_its_successor_s(make_stack, tmp_path):
    (tmp_path / "registry.yaml").write_text(REGISTRY)
    stack = make_stack(controlplane_settings={"provider_registry_file": tmp_path / "registry.yaml"})
    sts = start_moto(tmp_path / "moto")
    upstream = SignedUpstream()
    try:
        provider = stack.api.create("providers", name="signed", kind="signed_chat", region="eu-central-1",
                                    base_url=f"http://127.0.0.1:{upstream.port}/model")
        credential = stack.api.create("credentials", name="role", provider_id=provider["id"], kind="aws_assume_role",
                                      access_key_id="AKIA", secret="source", role_arn="arn:aws:iam::123456789012:role/r",
                                      token_url=sts.url, ca_pem=sts.ca.read_text())
        fixed = stack.api.create("credentials", name="fixed", provider_id=provider["id"], kind="aws_access_key",
                                 access_key_id="AKIAFIXED", secret="fixed/secret+key=")
        upstream.secrets["AKIAFIXED"] = ("fixed/secret+key=", None)
        models = [stack.create_model(name, None, provider, used)["id"] for name, used in (("role", credential), ("fixed", fixed))]
        stack.api.update("access-profiles", stack.profile["id"], model_ids=models)

        def learn():
            wait_until(lambda: stack.api.show("credentials", credential["id"])["status"] == "ready", "a session")
            stack.wait_for_replicas()
            keys = session_of(stack, credential)
            upstream.secrets[keys["aws_access_key_id"]] = (keys["aws_secret_access_key"], keys["aws_session_token"])
            return keys["aws_access_key_id"]

        def ask(model):
            return stack.openai().chat.completions.create(model=model, messages=[{"role": "user", "content": "hi ü"}])
        first = learn()
        assert ask("role") and ask("fixed")
        stack.api.update("credentials", credential["id"], session_duration_s=1800)
        wait_until(lambda: learn() != first, "another session")
        assert ask("role") and ask("fixed")
        assert upstream.seen == [first, "AKIAFIXED", learn(), "AKIAFIXED"]
    finally:
        upstream.close()
        sts.kill()


# ---- what is refused ----


@pytest.mark.parametrize("fields, field", [
    ({"kind": "magic", "secret": "s"}, "kind"),
    ({}, "secret"),
    ({"kind": "api_key", "secret": "s", "role_arn": "arn:x"}, "role_arn"),
    ({"kind": "aws_access_key", "secret": "s"}, "access_key_id"),
    ({"kind": "aws_assume_role", "secret": "s", "access_key_id": "A"}, "role_arn"),
    ({"kind": "aws_web_identity", "role_arn": "arn:x", "token_file": "../seal.key"}, "token_file"),
    ({"kind": "aws_web_identity", "role_arn": "arn:x", "token_file": "/etc/passwd"}, "token_file"),
    ({"kind": "aws_web_identity", "role_arn": "arn:x", "token_file": "t", "secret": "s"}, "secret"),
    ({"kind": "aws_web_identity", "role_arn": "arn:x", "token_file": "t", "region": "evil/host"}, "region"),
    ({"kind": "aws_assume_role", "secret": "s", "access_key_id": "A", "role_arn": "r", "session_duration_s": 60}, "session_duration_s"),
    ({"kind": "azure_client_credentials", "secret": "s", "tenant_id": "t/../x", "client_id": "c"}, "tenant_id"),
    ({"kind": "azure_client_credentials", "secret": "s", "tenant_id": "t", "client_id": "c", "token_url": "http://x/"}, "token_url"),
    ({"kind": "azure_client_credentials", "secret": "s", "tenant_id": "t", "client_id": "c", "token_url": "https://u:p@x/"}, "token_url"),
    ({"kind": "gcp_service_account", "service_account_key": "no json"}, "service_account_key"),
    ({"kind": "gcp_service_account", "service_account_key": "{}"}, "service_account_key"),
    ({"kind": "gcp_service_account", "secret": "s"}, "service_account_key"),
    ({"secret": "s", "status": "ready"}, "status"),
    ({"secret": "s", "sealed_token": "00"}, "sealed_token"),
])
def test_members_that_a_kind_lacks_or_does_not_have_are_named(stack, fields, field):
    with pytest.raises(ApiError) as refused:
        stack.api.create("credentials", name="bad", provider_id=stack.upstream["id"], **fields)
    assert refused.value.status == 422
    assert field in [error["field"] for error in refused.value.problem["errors"]]


def test_a_key_that_is_too_short_or_elsewhere_is_refused_without_quoting_it(stack, cloud):
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    for changes, words in (({"private_key": weak}, "RSA"), ({"private_key": "-----BEGIN nonsense"}, "PEM"),
                           ({"token_uri": "http://insecure.example"}, "https"), ({"type": "authorized_user"}, "service_account")):
        with pytest.raises(ApiError) as refused:
            cloud.google(service_account_key=cloud.endpoint.service_account_key(**changes))
        text = json.dumps(refused.value.problem)
        assert words in text and weak.splitlines()[1] not in text


def test_the_kind_stays(stack, cloud):
    credential = cloud.google()
    with pytest.raises(ApiError) as refused:
        stack.api.update("credentials", credential["id"], kind="api_key")
    assert refused.value.problem["errors"][0]["field"] == "kind"


def test_the_command_line_takes_a_key_from_its_file(stack, cloud):
    path = stack.folder / "key.json"
    path.write_text(cloud.endpoint.service_account_key())
    path.chmod(0o600)
    ca = stack.folder / "cloud-ca.pem"
    ca.write_text(cloud.ca_pem)
    run = subprocess.run([binary("tollgate"), "credential", "create", "from-file", "--provider", cloud.provider["id"],
                          "--kind", "gcp_service_account", "--from-file", path, "--ca-file", ca],
                         capture_output=True, text=True,
                         env=clean_environment() | {"TOLLGATE_URL": stack.controlplane.url, "TOLLGATE_TOKEN": stack.controlplane.token})
    assert run.returncode == 0, run.stderr
    credential = next(item for item in stack.api.list("credentials", provider_id=cloud.provider["id"]))
    cloud.wait_for(credential, "ready")
