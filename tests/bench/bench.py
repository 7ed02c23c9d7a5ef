"""Side-by-side measurements; see README.md. Prints ratios and writes build/bench.json."""

import argparse
import base64
import json
import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from http.client import HTTPResponse
from pathlib import Path

import httpx

from rivals import FixedAnswer, HAProxy, Nginx  # also puts the harness on the path
from harness import Postgres, Stack, wait_until
from harness.process import ROOT

HERE = Path(__file__).parent
PROXY_CORE, LOAD_CORE = 0, 1
LEDGER_NICENESS = 10
TRANSLATED_PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses",
                    "gemini": "/v1beta/models/gpt-4o-mini:streamGenerateContent?alt=sse"}


def threads(pid):
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def pin(pid, core):
    """All threads of a process to one core."""
    for thread in threads(pid):
        os.sched_setaffinity(thread, {core})


def pin_worker(pid, core):
    """The replica's worker to one core, its helpers (stream, journal) to none: one worker is what is compared with one
    thread of HAProxy. What the helpers use counts all the same."""
    for thread in threads(pid):
        is_worker = Path(f"/proc/{pid}/task/{thread}/comm").read_text().strip() == "tg-worker"
        os.sched_setaffinity(thread, {core} if is_worker else range(os.cpu_count()))


def group_members(leader):
    """The processes of a process group."""
    members = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and os.getpgid(int(folder.name)) == os.getpgid(leader):
                members.append(int(folder.name))
        except ProcessLookupError:
            pass  # it has ended meanwhile
    return members


def cpu_s(pid):
    """Nanosecond accounting of every thread (schedstat), where the kernel has it."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


class Bench:
    def __init__(self, rounds, seconds, pauses_ledger=False):
        self.rounds, self.seconds, self.pauses_ledger = rounds, seconds, pauses_ledger
        self.folder = Path(tempfile.mkdtemp(prefix="tgbench-"))
        self.postgres = Postgres(settings=("shared_buffers=256MB", "max_wal_size=4GB"))
        self.stack = Stack(self.postgres, dataplane_settings={"workers": 1}, provider_has_log=False)
        stack = self.stack
        # Every kind of budget applies, none runs out.
        for scope, scope_id in (("organization", stack.api.organization), ("team", stack.team["id"]),
                                ("project", stack.project["id"]), ("application", stack.application["id"]),
                                ("api_key", stack.key["id"])):
            stack.create_budget("1000000", scope=scope, scope_id=scope_id)
        stack.create_budget("1000000", scope="team", name="per-model", model_id=stack.model["id"])
        self.haproxy = HAProxy(self.folder, stack.provider.port, stack.provider.key).start()
        self.nginx = Nginx(self.folder, stack.provider.port, stack.provider.key).start()
        self.gateway = stack.replicas[0]
        self.rivals = {"haproxy": self.haproxy, "nginx": self.nginx, "tollgate": self.gateway}
        for process in (self.haproxy, self.nginx):
            pin(process.pid, PROXY_CORE)
        pin_worker(self.gateway.pid, PROXY_CORE)
        pin(stack.provider.pid, LOAD_CORE)
        for pid in (stack.controlplane.pid, *group_members(self.postgres.process.pid)):
            pin(pid, LOAD_CORE)
            for thread in threads(pid):
                os.setpriority(os.PRIO_PROCESS, thread, LEDGER_NICENESS)
        self.results = {"machine": self.machine()}

    def wait_for_books(self):
        """Until what was called is booked, so that no rival is measured beside the booking of another's calls."""
        wait_until(lambda: self.gateway.metrics()["tollgate_journal_pending_records"] == 0, "the calls to be booked",
                   timeout_s=300)

    @contextmanager
    def ledger_paused(self):
        """With --pause-ledger: control plane and Postgres stand still meanwhile; the replica spends what it has leased."""
        ledger = [self.stack.controlplane.pid, *group_members(self.postgres.process.pid)] if self.pauses_ledger else []
        for pid in ledger:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in ledger:
                os.kill(pid, signal.SIGCONT)

    def machine(self):
        def version(*command):
            run = subprocess.run(command, capture_output=True, text=True)
            return (run.stdout + run.stderr).splitlines()[0]
        model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
        return {"cpu": model, "cores": os.cpu_count(), "kernel": platform.release(), "haproxy": version("haproxy", "-v"),
                "nginx": version("nginx", "-v"), "rounds": self.rounds, "seconds": self.seconds,
                "ledger_paused": self.pauses_ledger}

    def body(self, name, is_streaming):
        """About 1 KB of request; the answer is about 1 KB whole, or 64 chunks."""
        text = f"[[sim tokens={'64' if is_streaming else '150'}]] " + "lorem ipsum dolor sit amet " * 32
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({"model": "gpt-4o-mini", "stream": is_streaming, "max_tokens": 256,
                                    "messages": [{"role": "user", "content": text}]}))
        return path

    def wrk(self, port, body, key, seconds, path="/v1/chat/completions"):
        run = subprocess.run(
            ["taskset", "-c", str(LOAD_CORE), "wrk", "-t1", "-c32", f"-d{seconds}s", "--timeout", "10s",
             "-s", HERE / "wrk_post.lua", f"http://127.0.0.1:{port}{path}"],
            capture_output=True, text=True, check=True, env=os.environ | {"TARGET_BODY": str(body), "TARGET_KEY": key})
        result = next(line for line in run.stdout.splitlines() if line.startswith("RESULT")).split()
        requests, duration_us, status_errors, other_errors = map(int, result[1:])
        assert requests and status_errors == 0 and other_errors == 0, run.stdout
        return requests, duration_us / 1e6

    def throughput(self):
        for name, is_streaming in (("plain", False), ("streamed_64_chunks", True)):
            body = self.body(name, is_streaming)
            rates = {rival: [] for rival in self.rivals}
            cpus = {rival: [] for rival in self.rivals}
            for rival, process in self.rivals.items():
                self.wrk(process.port, body, self.stack.key["key"], 1)  # warm
            for number in range(self.rounds):
                order = list(self.rivals.items())
                for rival, process in order[number % 3:] + order[:number % 3]:
                    self.wait_for_books()
                    self.wrk(process.port, body, self.stack.key["key"], 1)  # idle leases have been given back: warm again
                    before = cpu_s(process.pid)
                    with self.ledger_paused():
                        requests, duration = self.wrk(process.port, body, self.stack.key["key"], self.seconds)
                    rates[rival].append(requests / duration)
                    cpus[rival].append((cpu_s(process.pid) - before) / requests * 1e6)
            result = {rival: {"requests_per_s": round(statistics.median(rates[rival])),
                              "cpu_us_per_request": round(statistics.median(cpus[rival]), 2)} for rival in self.rivals}
            for rival in ("haproxy", "nginx"):
                result[f"throughput_over_{rival}"] = ratio(rates["tollgate"], rates[rival])
                result[f"cpu_over_{rival}"] = ratio(cpus["tollgate"], cpus[rival])
            self.results[name] = result
            print(f"\n{name}: 32 connections, one worker, everything on")
            for rival in self.rivals:
                print(f"  {rival:9} {result[rival]['requests_per_s']:>8} requests/s {result[rival]['cpu_us_per_request']:>9.2f} µs CPU")
            print(f"  throughput × HAProxy {result['throughput_over_haproxy']:.2f}, × nginx {result['throughput_over_nginx']:.2f};"
                  f" CPU × HAProxy {result['cpu_over_haproxy']:.2f}, × nginx {result['cpu_over_nginx']:.2f}")

    def translation(self):
        """A client of each dialect, streamed, to the one provider that speaks chat: what passes, beside what is translated."""
        bodies = {dialect: self.body_in(dialect) for dialect in TRANSLATED_PATHS}
        key, port = self.stack.key["key"], self.gateway.port
        rates = {dialect: [] for dialect in bodies}
        cpus = {dialect: [] for dialect in bodies}
        for dialect, body in bodies.items():
            self.check_stream(dialect, body)
        for number in range(self.rounds):
            order = list(bodies)
            for dialect in order[number % len(order):] + order[:number % len(order)]:
                self.wait_for_books()
                self.wrk(port, bodies[dialect], key, 1, TRANSLATED_PATHS[dialect])  # warm
                before = cpu_s(self.gateway.pid)
                with self.ledger_paused():
                    requests, duration = self.wrk(port, bodies[dialect], key, self.seconds, TRANSLATED_PATHS[dialect])
                rates[dialect].append(requests / duration)
                cpus[dialect].append((cpu_s(self.gateway.pid) - before) / requests * 1e6)
        self.results["translation"] = {
            dialect: {"requests_per_s": round(statistics.median(rates[dialect])),
                      "cpu_us_per_request": round(statistics.median(cpus[dialect]), 2),
                      "throughput_over_pass_through": ratio(rates[dialect], rates["chat"]),
                      "cpu_over_pass_through": ratio(cpus[dialect], cpus["chat"])} for dialect in bodies}
        print("\ntranslation: streamed in 64 chunks by a provider that speaks chat, 32 connections, one worker, everything on")
        for dialect, result in self.results["translation"].items():
            print(f"  {dialect:9} client {result['requests_per_s']:>7} requests/s {result['cpu_us_per_request']:>9.2f} µs CPU;"
                  f" × pass-through: throughput {result['throughput_over_pass_through']:.2f} (bound 0.50),"
                  f" CPU {result['cpu_over_pass_through']:.2f}")

    def body_in(self, dialect):
        """The streamed request of `body`, as a client of that dialect says it."""
        chat = json.loads(self.body("translation-chat", True).read_text())
        turns, most = chat["messages"], chat["max_tokens"]
        said = {
            "chat": chat,
            "messages": {"model": chat["model"], "stream": True, "max_tokens": most, "messages": turns},
            "responses": {"model": chat["model"], "stream": True, "max_output_tokens": most, "store": False, "input": turns},
            "gemini": {"contents": [{"role": "user", "parts": [{"text": turns[0]["content"]}]}],
                       "generationConfig": {"maxOutputTokens": most}},
        }[dialect]
        path = self.folder / f"translation-{dialect}.json"
        path.write_text(json.dumps(said))
        return path

    def check_stream(self, dialect, body):
        """wrk sees no further than the status: once for each dialect, that the answer has all of its chunks."""
        with httpx.Client(base_url=self.gateway.root_url, trust_env=False,
                          headers={"authorization": f"Bearer {self.stack.key['key']}"}) as client:
            answer = client.post(TRANSLATED_PATHS[dialect], content=body.read_bytes(),
                                 headers={"content-type": "application/json"})
        assert answer.status_code == 200 and answer.text.count("data: ") >= 64, f"{dialect}: {answer.text}"

    def large(self, samples_per_round=20, megabytes=10):
        """One connection, one call at a time: what the gateway adds to a request with an image of 10 MB. The provider that
        speaks messages is an nginx that reads the request and gives a fixed answer."""
        stack = self.stack
        fixed = FixedAnswer(self.folder, self.message_answer()).start()
        pin(fixed.pid, LOAD_CORE)
        try:
            provider = stack.api.create("providers", name="fixed", kind="anthropic", base_url=fixed.base_url)
            credential = stack.api.create("credentials", name="fixed", provider_id=provider["id"], secret="sk-fixed")
            model = stack.create_model("fixed-messages", provider=provider, credential=credential)
            stack.api.update("access-profiles", stack.profile["id"], model_ids=[
                stack.model["id"], stack.embedding["id"], model["id"]])
            stack.wait_for_replicas()
            image = base64.b64encode(os.urandom(megabytes * 750_000)).decode()
            chat_path, messages_path = "/v1/chat/completions", "/v1/messages"
            direct_chat = (stack.provider.port, chat_path, stack.provider.key, self.image_request("gpt-4o-mini", image))
            cases = {
                "chat_to_chat": (direct_chat,
                                 (self.gateway.port, chat_path, stack.key["key"], direct_chat[3])),
                "chat_to_messages": ((fixed.port, messages_path, "sk-fixed", self.image_message("fixed-messages", image)),
                                     (self.gateway.port, chat_path, stack.key["key"],
                                      self.image_request("fixed-messages", image))),
            }
            for name, (direct, through) in cases.items():
                self.large_case(name, direct, through, self.rounds * samples_per_round)
        finally:
            fixed.stop()

    def large_case(self, name, direct, through, samples):
        times, cpus = {"direct": [], "through": []}, []
        with ExitStack() as stack:
            posts = {way: stack.enter_context(self.poster(*target)) for way, target in
                     (("direct", direct), ("through", through))}
            for post in posts.values():
                post()  # warm
            for number in range(samples):
                for way in ("direct", "through") if number % 2 == 0 else ("through", "direct"):
                    before = cpu_s(self.gateway.pid)
                    times[way].append(posts[way]())
                    if way == "through":
                        cpus.append((cpu_s(self.gateway.pid) - before) * 1000)
        added = [after - before for before, after in zip(times["direct"], times["through"])]
        result = {"request_bytes": len(through[3]), "direct_median_ms": round(statistics.median(times["direct"]), 2),
                  "through_median_ms": round(statistics.median(times["through"]), 2),
                  "added_median_ms": round(statistics.median(added), 2),
                  "added_fastest_ms": round(min(times["through"]) - min(times["direct"]), 2),
                  "cpu_median_ms": round(statistics.median(cpus), 2)}
        self.results.setdefault("large", {})[name] = result
        print(f"\nlarge, {name}: {len(through[3]) / 1e6:.1f} MB of request: direct {result['direct_median_ms']} ms, through the "
              f"gateway {result['through_median_ms']} ms, added {result['added_median_ms']} ms "
              f"(median of {samples} pairs, bound 10; fastest beside fastest {result['added_fastest_ms']} ms); the replica's "
              f"CPU time {result['cpu_median_ms']} ms")

    @contextmanager
    def poster(self, port, path, key, body):
        """A function that posts the body over one kept connection and says how many ms that took. No HTTP library: the
        head and the body are ready, what is timed is the server."""
        head = (f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n").encode()
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def post():
                before = time.perf_counter()
                connection.sendall(head)
                connection.sendall(body)
                answer = HTTPResponse(connection)
                answer.begin()
                text = answer.read()
                spent_ms = (time.perf_counter() - before) * 1000
                assert answer.status == 200, text[:500]
                return spent_ms
            yield post

    def image_request(self, model, image):
        return json.dumps({"model": model, "max_tokens": 16, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "[[sim tokens=8]] what is this?"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{image}"}}]}]}).encode()

    def image_message(self, model, image):
        return json.dumps({"model": model, "max_tokens": 16, "messages": [{"role": "user", "content": [
            {"type": "text", "text": "[[sim tokens=8]] what is this?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": image}}]}]}).encode()

    def message_answer(self):
        return json.dumps({"id": "msg_1", "type": "message", "role": "assistant", "model": "fixed-messages",
                           "content": [{"type": "text", "text": "a picture of noise"}], "stop_reason": "end_turn",
                           "stop_sequence": None, "usage": {"input_tokens": 1600, "output_tokens": 4}})

    def latency(self):
        body = self.body("latency", False)
        ports = {"direct": self.stack.provider.port, "haproxy": self.haproxy.port, "tollgate": self.gateway.port}
        for rate in (500, 2000):
            samples = {name: [] for name in ports}
            for _ in range(self.rounds):
                for name, port in ports.items():
                    key = self.stack.provider.key if name == "direct" else self.stack.key["key"]
                    samples[name].append(self.h2load(port, body, key, rate))
            added = {}
            for name in ("haproxy", "tollgate"):
                added[name] = {
                    "median_us": round(statistics.median(a[0] - d[0] for a, d in zip(samples[name], samples["direct"])), 1),
                    "p99_us": round(statistics.median(a[1] - d[1] for a, d in zip(samples[name], samples["direct"])), 1)}
            over = round(added["tollgate"]["median_us"] / added["haproxy"]["median_us"], 2)
            self.results[f"latency_{rate}_rps"] = added | {"median_over_haproxy": over}
            print(f"\nadded latency at {rate} requests/s: HAProxy median {added['haproxy']['median_us']} µs, p99 "
                  f"{added['haproxy']['p99_us']} µs; Tollgate median {added['tollgate']['median_us']} µs, p99 "
                  f"{added['tollgate']['p99_us']} µs; median × HAProxy {over}")

    def h2load(self, port, body, key, rate):
        """(median, 99th percentile) in µs at a fixed rate over 8 connections."""
        log = self.folder / "h2load.log"
        log.unlink(missing_ok=True)
        seconds = max(self.seconds, 2)
        subprocess.run(["taskset", "-c", str(LOAD_CORE), "h2load", "--h1", "-c8", "-t1", f"--rps={rate // 8}", f"-D{seconds}",
                        "--warm-up-time=1", f"--log-file={log}", "-d", body, "-H", "content-type: application/json",
                        "-H", f"authorization: Bearer {key}", f"http://127.0.0.1:{port}/v1/chat/completions"],
                       check=True, capture_output=True)
        times = []
        for line in log.read_text().splitlines():
            _, status, microseconds = line.split("\t")[:3]
            assert status == "200", line
            times.append(int(microseconds))
        times.sort()
        return times[len(times) // 2], times[len(times) * 99 // 100]

    def propagation(self, changes=200):
        delays = []
        with httpx.Client(base_url=self.gateway.root_url, trust_env=False) as gateway:
            for number in range(changes):
                key = self.stack.create_key(f"propagation-{number}")
                answered = time.monotonic()
                headers = {"authorization": f"Bearer {key['key']}"}
                while gateway.get("/v1/models", headers=headers).status_code != 200:
                    assert time.monotonic() - answered < 10
                delays.append((time.monotonic() - answered) * 1000)
        delays.sort()
        self.results["propagation_ms"] = {"median": round(delays[len(delays) // 2], 1), "p99": round(delays[len(delays) * 99 // 100], 1)}
        print(f"\nAPI answer to enforced at the replica, {changes} keys: median {self.results['propagation_ms']['median']} ms, "
              f"p99 {self.results['propagation_ms']['p99']} ms (bound 250)")

    def memory(self, teams=10_000, keys=100_000):
        """Grows the configuration through the API, then lets the replica start anew and take a full snapshot under load."""
        results = self.results["memory"] = {}  # kept as far as it comes: growing takes minutes
        self.grow(teams=0, keys=1000)
        results["rss_1000_keys_mb"] = self.fresh_rss_mb()
        self.grow(teams=teams, keys=keys - 1000)
        results["rss_100000_keys_mb"] = self.fresh_rss_mb()
        quiet_ms, results["slowest_answer_ms"] = self.stall_during_full_snapshot()
        results["slowest_answer_at_rest_ms"] = quiet_ms
        print(f"\nreplica: {results['rss_1000_keys_mb']} MB resident with 1,000 keys (bound 20), {results['rss_100000_keys_mb']} MB "
              f"with 100,000 keys and 10,000 teams (bound 150); slowest answer while a full snapshot "
              f"arrives {results['slowest_answer_ms']} ms, at rest {quiet_ms} ms (a worker may pause for 5)")

    def grow(self, teams, keys):
        stack = self.stack
        with httpx.Client(base_url=stack.api.base_url, timeout=60, trust_env=False,
                          headers={"authorization": f"Bearer {stack.api.token}"}) as client:
            def create(resource, **fields):  # without holding each answer to its description, as the harness does
                return client.post(stack.api.path(resource), json=fields).raise_for_status().json()["id"]

            def chain(number):
                team = create("teams", name=f"grown-{number}")
                return create("applications", name="a", project_id=create("projects", name="p", team_id=team))

            with ThreadPoolExecutor(8) as pool:
                chains = [stack.application["id"], *pool.map(chain, range(teams))]
                list(pool.map(lambda number: create("api-keys", name=f"grown-{keys}-{number}",
                                                    application_id=chains[number % len(chains)],
                                                    access_profile_id=stack.profile["id"]), range(keys)))
        wait_until(self.acked, "the replica to have it all", timeout_s=300)

    def acked(self):
        return self.stack.api.replicas()[0]["acked_revision"] >= self.stack.revision()

    def fresh_rss_mb(self):
        self.gateway.stop()
        self.gateway.start()
        wait_until(self.acked, "the replica to be up to date", timeout_s=120)
        self.stack.openai(self.gateway).models.list()
        return round(self.gateway.resident_bytes() / 1e6, 1)

    def stall_during_full_snapshot(self):
        """A new epoch makes the control plane send everything again while the replica serves. The pause of a worker shows
        in the slowest of the answers meanwhile; the slowest of a time without a snapshot is printed beside it."""
        stack = self.stack
        for thread in threads(self.gateway.pid):
            os.sched_setaffinity(thread, {PROXY_CORE, LOAD_CORE})
        quiet_ms = self.slowest_answer_ms(lambda started: time.monotonic() - started > 5)
        with stack.postgres.connect(stack.database) as connection:
            connection.execute("UPDATE config_state SET epoch = gen_random_uuid()")
        stack.controlplane.stop()
        snapshots = self.snapshots_applied()
        stack.controlplane.start()
        return quiet_ms, self.slowest_answer_ms(lambda started: self.snapshots_applied() > snapshots)

    def snapshots_applied(self):
        return sum(line.get("event") == "snapshot_applied" for line in self.gateway.log_lines())

    def slowest_answer_ms(self, is_over):
        started, slowest, looked = time.monotonic(), 0, 0
        with httpx.Client(base_url=self.gateway.root_url, trust_env=False,
                          headers={"authorization": f"Bearer {self.stack.key['key']}"}) as client:
            while looked % 50 or not is_over(started):
                before = time.monotonic()
                assert client.get("/v1/models/gpt-4o-mini").status_code == 200
                slowest, looked = max(slowest, time.monotonic() - before), looked + 1
        return round(slowest * 1000, 2)

    def ingest(self):
        self.program("ingest", "bench_ingest", self.postgres.url(self.postgres.create_database(), "owner"), str(ROOT / "migrations"))

    def inspect(self):
        self.program("inspect", "bench_inspect")

    def parts(self):
        for name in ("bench_json_scan", "bench_wallet", "bench_journal"):
            self.program(name.removeprefix("bench_"), name)

    def program(self, key, name, *arguments):
        path = Path(os.environ["TOLLGATE_BIN"]).parent / "bench" / name
        run = subprocess.run([path, *arguments], capture_output=True, text=True)
        print(f"\n{name}:\n" + "\n".join(f"  {line}" for line in (run.stdout + run.stderr).splitlines()))
        assert run.returncode == 0, f"{name} failed"
        self.results[key] = run.stdout.splitlines()

    def close(self):
        for process in (self.haproxy, self.nginx):
            process.child.terminate()
            process.child.wait()
        self.stack.destroy()
        self.postgres.destroy()


def ratio(ours, theirs):
    return round(statistics.median(a / b for a, b in zip(ours, theirs)), 3)


def main():
    parts = ("throughput", "translation", "large", "latency", "propagation", "ingest", "inspect", "parts", "memory")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[*parts, []], help=f"which parts (all of them: {', '.join(parts)})")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each measured run")
    parser.add_argument("--pause-ledger", action="store_true",
                        help="in throughput, stop the control plane and Postgres, which share the two cores, during each run")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench.json")
    options = parser.parse_args()
    bench = Bench(options.rounds, options.seconds, options.pause_ledger)
    try:
        for part in options.parts or parts:
            getattr(bench, part)()
    finally:
        bench.close()
        options.output.write_text(json.dumps(bench.results, indent=2) + "\n")
        print(f"\nwritten to {options.output}", file=sys.stderr)


if __name__ == "__main__":
    main()
