#!/usr/bin/env python3
"""Compares wasmhttpd with nginx on this machine: requests per second and CPU time per request.

    cargo build --release && tests/bench/compare.py [ROUNDS]

Needs nginx and wrk. Both servers have one worker on CPU 0, the load comes from CPU 1: 64 keep-alive
connections ask for 64 files of 1 KiB in turn, with heads as a browser sends them, all different. nginx has
its fast settings: sendfile, an open-file cache, no access log. The servers take turns, and the ratio is
the median of each round's, so that whatever else the machine does hits both alike.
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROUND_SECONDS = 3
CONNECTIONS = 64
FILES = 64
PORTS = {"wasmhttpd": 18080, "nginx": 18081}
BINARY = os.path.join(os.path.dirname(__file__), "../../target/release/wasmhttpd")

WEB_CONF = f"""host default www
parameter listen 127.0.0.1:{PORTS["wasmhttpd"]}
parameter workers 1
"""

NGINX_CONF = f"""worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    include /etc/nginx/mime.types;
    access_log off;
    sendfile on;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    open_file_cache max=10000 inactive=60s;
    open_file_cache_valid 60s;
    client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
    uwsgi_temp_path tmp; scgi_temp_path tmp;
    server {{ listen 127.0.0.1:{PORTS["nginx"]}; root www; }}
}}
"""

LOAD = """
local heads, next = {}, 0
init = function()
  for i = 0, %d do
    heads[i] = wrk.format("GET", "/page-" .. i .. ".html", {
      ["Host"] = "www.example.org",
      ["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140." .. i,
      ["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
      ["Accept-Language"] = "en-US,en;q=0.5",
      ["Accept-Encoding"] = "gzip, deflate, br, zstd",
      ["Connection"] = "keep-alive",
      ["Upgrade-Insecure-Requests"] = "1",
    })
  end
end
request = function()
  next = (next + 1) %% %d
  return heads[next]
end
"""


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 11
    for program in ("nginx", "wrk"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        write(folder, "web.conf", WEB_CONF)
        write(folder, "nginx.conf", NGINX_CONF)
        write(folder, "load.lua", LOAD % (FILES - 1, FILES))
        os.makedirs(f"{folder}/www")
        for number in range(FILES):
            write(folder, f"www/page-{number}.html", "0123456789abcdef" * 64)
        servers = {
            "wasmhttpd": start(os.path.abspath(BINARY), "-c", f"{folder}/web.conf"),
            "nginx": start("nginx", "-p", folder, "-c", "nginx.conf"),
        }
        try:
            compare(rounds, folder, servers)
        finally:
            for server in servers.values():
                server.terminate()
                server.wait()


def compare(rounds, folder, servers):
    for port in PORTS.values():
        wait_for(port)
    # Files are kept only once they have not changed for a while.
    time.sleep(3)
    results = {name: [] for name in servers}
    for _ in range(rounds):
        for name, server in servers.items():
            results[name].append(measure(folder, PORTS[name], server.pid))
    print(f"{'':10} {'requests/s':>12} {'CPU us/request':>16}   median of {rounds}")
    medians = {
        name: [statistics.median(column) for column in zip(*rows)] for name, rows in results.items()
    }
    for name, (rate, cpu) in medians.items():
        print(f"{name:10} {rate:12.0f} {cpu:16.2f}")
    ratio = [
        statistics.median(ours[column] / theirs[column] for ours, theirs in zip(*results.values()))
        for column in range(2)
    ]
    print(f"{'ratio':10} {ratio[0]:12.2f} {ratio[1]:16.2f}")


def measure(folder, port, pid):
    """Requests per second and CPU microseconds per request of one round."""
    before = cpu_seconds(pid)
    output = subprocess.run(
        ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_SECONDS}s"]
        + ["-s", f"{folder}/load.lua", f"http://127.0.0.1:{port}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"not every answer was right:\n{output}")
    requests = int(re.search(r"(\d+) requests in", output)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, (cpu_seconds(pid) - before) * 1e6 / requests


def cpu_seconds(pid):
    """User and system time of a process and its children, threads included."""
    children = open(f"/proc/{pid}/task/{pid}/children").read().split()
    ticks = 0
    for process in [str(pid), *children]:
        fields = open(f"/proc/{process}/stat").read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def start(*command):
    return subprocess.Popen(["taskset", "-c", "0", *command], stdout=subprocess.DEVNULL)


def wait_for(port, seconds=10):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/page-0.html").read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def write(folder, name, text):
    with open(f"{folder}/{name}", "w") as file:
        file.write(text)


if __name__ == "__main__":
    main()
