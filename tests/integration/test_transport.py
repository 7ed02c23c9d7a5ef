"""TLS to clients and to providers."""

import socket
import subprocess
from contextlib import ExitStack

import httpx
import pytest

from harness import DataPlane, Provider


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"], check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


def test_clients_are_served_over_tls(make_stack, pair):
    certificate, key = pair
    stack = make_stack(dataplane_settings={"listen_tls_certificate_file": certificate, "listen_tls_key_file": key})
    import ssl
    context = ssl.create_default_context(cafile=str(certificate))
    answer = httpx.post(f"https://localhost:{stack.replicas[0].port}/v1/chat/completions", verify=context, trust_env=False,
                        headers={"authorization": f"Bearer {stack.key['key']}"},
                        json={"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("host, trusts, works", [("localhost", True, True), ("localhost", False, False)])
def test_a_provider_s_certificate_is_verified(make_stack, pair, tmp_path, host, trusts, works):
    certificate, key = pair
    stack = make_stack()
    secure = Provider(tmp_path, None, "--tls-certificate", certificate, "--tls-key", key)
    secure.ready = lambda: "ready" in secure.log.read_text()
    secure.start()
    try:
        upstream = stack.api.create("providers", name="secure", kind="openai_compatible", base_url=f"https://{host}:{secure.port}/v1",
                                    ca_pem=certificate.read_text() if trusts else "")
        credential = stack.api.create("credentials", name="main", provider_id=upstream["id"], secret=secure.key)
        model = stack.create_model("secure-model", None, upstream, credential)
        stack.api.update("access-profiles", stack.profile["id"], model_ids=[model["id"]])
        stack.wait_for_replicas()
        answer = httpx.post(f"{stack.replicas[0].base_url}/chat/completions", trust_env=False,
                            headers={"authorization": f"Bearer {stack.key['key']}"},
                            json={"model": "secure-model", "messages": [{"role": "user", "content": "hi"}]})
        if works:
            assert answer.status_code == 200, answer.text
        else:
            assert answer.status_code == 502 and answer.json()["error"]["code"] == "provider_unavailable"
            assert secure.billed() == []
    finally:
        secure.stop()


def test_strangers_who_connect_to_the_stream_and_say_nothing_keep_no_replica_out(make_stack):
    stack = make_stack()
    with ExitStack() as silent:
        for _ in range(1100):
            silent.enter_context(socket.create_connection(("127.0.0.1", stack.controlplane.stream_port)))
        stack.replicas.append(DataPlane(stack.folder / "replica-2", "replica-2", stack.controlplane.stream_port,
                                        stack.certificates))
        stack.replicas[1].start(timeout_s=5)  # it has no snapshot on its disk, so that ready means connected
    stack.wait_for_replicas()
