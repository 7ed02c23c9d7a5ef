"""The scripted provider: one HTTP server for all dialects, told apart by path."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from . import chat, converse, gemini, messages, responses
from .script import Asked, Fault, decide, directives

DIALECTS = {"chat": chat, "responses": responses, "messages": messages, "gemini": gemini, "converse": converse}

# Where tokens are counted, and the field that says how many there are: always as many.
COUNTING = {"/messages/count_tokens": "input_tokens", ":countTokens": "totalTokens"}
COUNTED = 4321


@dataclass
class Seen:
    """One request as it arrived, and what was billed for it."""

    dialect: str
    path: str
    headers: dict
    body: dict
    asked: Asked | None = None
    usage: dict | None = None
    problem: str | None = None


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        path = self.path.partition("?")[0]
        for end, name in COUNTING.items():
            if path.endswith(end):
                return self.answer(200, {"x-request-id": "req-1"}, json.dumps({name: COUNTED}).encode())
        name, dialect = next((n, d) for n, d in DIALECTS.items() if path.endswith(d.PATHS))
        seen = Seen(name, self.path, dict(self.headers.items()), body)
        self.server.provider.seen.append(seen)
        try:
            seen.asked = dialect.read(Asked, path, body)
            if self.fails_first(seen.asked):
                return
            reply = decide(seen.asked)
        except Fault as fault:
            return self.answer_error(dialect, fault.status, str(fault))
        except Exception as problem:  # a request that this provider would refuse: the test sees why
            seen.problem = repr(problem)
            return self.answer_error(dialect, 400, f"the provider cannot read this: {problem!r}")
        seen.usage = reply.usage
        if not seen.asked.is_streaming and "hang" in directives(seen.asked.text):
            self.wait_for_close()
        elif seen.asked.is_streaming:
            self.answer_stream(dialect, seen.asked, reply)
        else:
            self.answer(200, {"x-request-id": "req-1"}, json.dumps(dialect.whole(seen.asked, reply)).encode())

    def fails_first(self, asked):
        """Whether this is the first try of a request that is to be repeated: [[once=STATUS]], [[once=drop]]."""
        failure = directives(asked.text).get("once")
        if failure is None or asked.text in self.server.provider.tried:
            return False
        self.server.provider.tried.add(asked.text)
        if failure != "drop":
            raise Fault(int(failure), f"the script says {failure}, once")
        self.close_connection = True
        return True

    def wait_for_close(self):
        """Until the gateway gives up."""
        self.close_connection = True
        try:
            while self.connection.recv(4096):
                pass
        except ConnectionError:
            pass

    def answer(self, status, headers, body, content_type="application/json"):
        self.send_response(status)
        for name, value in {"content-type": content_type, "content-length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer_error(self, dialect, status, message):
        headers, body = dialect.error(status, message)
        retry = {"retry-after": "7"} if status == 429 else {}
        self.answer(status, headers | retry, json.dumps(body).encode())

    def answer_stream(self, dialect, asked, reply):
        self.send_response(200)
        self.send_header("content-type", dialect.CONTENT_TYPE)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        wanted = directives(asked.text)
        cut, hang = wanted.get("cut"), wanted.get("hang")
        for number, event in enumerate(dialect.stream(asked, reply)):
            if cut is not None and number == int(cut):
                self.close_connection = True
                return
            if hang is not None and number == int(hang):
                return self.wait_for_close()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_):
        pass


class ScriptedProvider:
    def __init__(self):
        self.seen = []
        self.tried = set()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.provider = self
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def take(self):
        """What was seen since the last time."""
        seen, self.seen = self.seen, []
        for one in seen:
            assert one.problem is None, f"the gateway sent what {one.dialect} cannot be: {one.problem}\n{one.body}"
        return seen

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
