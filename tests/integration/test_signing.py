"""What the gateway signs is what AWS's own library signs, for requests that nobody chose."""

import datetime
import os
import random
import string
import subprocess
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from harness.process import ROOT

REGIONS = ("us-east-1", "eu-central-1", "ap-southeast-2", "us-gov-west-1")
SERVICES = ("bedrock", "sts", "sagemaker", "execute-api")
# What a model's path may look like: an ARN, a version, an inference profile.
MODELS = ("anthropic.claude-3-5-sonnet-20241022-v2:0", "eu.amazon.nova-pro-v1:0", "a b", "ümlaut", "100%",
          "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc", "~tilde", "a+b", "(x)*'!")


@pytest.fixture(scope="module")
def signer():
    folder = Path(os.environ.get("TOLLGATE_BIN", ROOT / "build" / "dev" / "bin")).parent / "tests"
    child = subprocess.Popen([folder / "sign_requests"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield child
    child.stdin.close()
    assert child.wait(timeout=10) == 0


def ask(signer, values):
    for word, value in values:
        raw = value if isinstance(value, bytes) else str(value).encode()
        signer.stdin.write(f"{word} {raw.hex()}\n")
    signer.stdin.write("sign\n")
    signer.stdin.flush()
    fields = {}
    while (line := signer.stdout.readline()) != "\n":
        assert line, "the signer ended"
        name, value = line.rstrip("\n").split(": ", 1)
        fields[name] = value
    return fields


def a_request(random_source):
    """Method, host, path, query, headers and body as they would be on the wire."""
    choice = random_source.choice
    word = lambda: "".join(random_source.choices(string.ascii_letters + string.digits + "-_.~ %/+ü:", k=choice((0, 1, 5, 20))))
    path = choice(("/", "", "/a/../b/./c", "//a///b/", f"/model/{quote(choice(MODELS), safe='')}/converse-stream",
                   "/" + quote(word())))
    query = "&".join(f"{quote('k' + word(), safe='')}={quote(word(), safe='')}" for _ in range(choice((0, 0, 1, 4))))
    headers = [(f"X-Name-{choice('abcABC')}{i}", choice(("v", " spaced   out ", "a,b", "", "T\tab")))
               for i in range(choice((0, 1, 5)))]
    body = random_source.randbytes(choice((0, 1, 100, 5000)))
    return choice(("GET", "POST", "PUT")), choice(("bedrock.example.com", "localhost:8443")), path, query, headers, body


def as_botocore_signs(method, host, path, query, headers, body, identity, now):
    request = AWSRequest(method=method, url=f"https://{host}{path}{'?' + query if query else ''}", data=body)
    for name, value in headers:
        request.headers[name] = value
    signer = botocore.auth.SigV4Auth(
        Credentials(identity["access_key_id"], identity["secret_access_key"], identity["session_token"] or None),
        identity["service"], identity["region"])
    with mock.patch.object(botocore.auth, "get_current_datetime", lambda *_: now):
        signer.add_auth(request)
    return request.headers


@pytest.mark.parametrize("seed", range(8))
def test_random_requests_are_signed_as_botocore_signs_them(signer, seed):
    random_source = random.Random(seed)
    for number in range(100):
        method, host, path, query, headers, body = a_request(random_source)
        identity = {"region": random_source.choice(REGIONS), "service": random_source.choice(SERVICES),
                    "access_key_id": f"AKIA{random_source.randrange(3)}",
                    "secret_access_key": f"secret/+={random_source.randrange(3)}",
                    "session_token": random_source.choice(("", "", "Fwo/token==" * 40))}
        now = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc) + datetime.timedelta(
            seconds=random_source.randrange(3 * 86400))
        cut = random_source.randrange(len(body) + 1)
        actual = ask(signer, [("method", method), ("host", host), ("path", path), ("query", query),
                              *identity.items(), ("now_ms", int(now.timestamp() * 1000)),
                              ("body", body[:cut]), ("body", body[cut:]),
                              *(("header", f"{name} {value}") for name, value in headers)])
        expected = as_botocore_signs(method, host, path, query, headers, body, identity, now)
        for name in ("Authorization", "X-Amz-Date", "X-Amz-Security-Token"):
            assert actual.get(name) == expected.get(name), (number, name, method, path, query, headers)
