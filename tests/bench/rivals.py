"""HAProxy and nginx as plain reverse proxies to the same upstream: one thread, keep-alive both ways, nothing buffered. And
nginx as a provider that gives one answer to all."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))

from harness.process import Process, free_port  # noqa: E402
from harness.programs import answers  # noqa: E402


class HAProxy(Process):
    def __init__(self, folder, upstream_port, key):
        self.port = free_port()
        path = Path(folder) / "haproxy.cfg"
        path.write_text(f"""
global
    nbthread 1
    maxconn 1000
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
    http-reuse always
frontend front
    bind 127.0.0.1:{self.port}
    default_backend upstream
backend upstream
    http-request set-header Authorization "Bearer {key}"
    server simulator 127.0.0.1:{upstream_port}
""")
        super().__init__("haproxy", ["haproxy", "-db", "-f", path], Path(folder) / "haproxy.log",
                         ready=lambda: answers(f"http://127.0.0.1:{self.port}/v1/models"))


class Nginx(Process):
    def __init__(self, folder, upstream_port, key):
        self.port = free_port()
        folder = Path(folder)
        path = folder / "nginx.conf"
        path.write_text(f"""
daemon off;
master_process off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.error.log;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream simulator {{ server 127.0.0.1:{upstream_port}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://simulator;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Authorization "Bearer {key}";
            proxy_buffering off;
        }}
    }}
}}
""")
        super().__init__("nginx", ["nginx", "-c", path, "-p", folder], folder / "nginx.log",
                         ready=lambda: answers(f"http://127.0.0.1:{self.port}/v1/models"))


class FixedAnswer(Process):
    """A provider: reads each request to its end, in memory, and gives the same JSON to all. (What only says `return`
    answers before it has read.)"""

    def __init__(self, folder, answer):
        self.port = free_port()
        folder = Path(folder)
        path = folder / "fixed.conf"
        path.write_text(f"""
daemon off;
master_process off;
worker_processes 1;
pid {folder}/fixed.pid;
error_log {folder}/fixed.error.log;
events {{ worker_connections 100; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_max_body_size 64m;
    client_body_buffer_size 64m;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    upstream answer {{ server unix:{folder}/fixed.sock; keepalive 4; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{self.port};
        location / {{
            proxy_pass http://answer;
            proxy_http_version 1.1;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_set_header Connection "";
        }}
    }}
    server {{
        listen unix:{folder}/fixed.sock;
        default_type application/json;
        location / {{ return 200 '{answer}'; }}
    }}
}}
""")
        super().__init__("fixed answer", ["nginx", "-c", path, "-p", folder], folder / "fixed.log",
                         ready=lambda: answers(f"http://127.0.0.1:{self.port}/"))

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.port}/v1"
