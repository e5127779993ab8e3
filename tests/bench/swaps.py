#!/usr/bin/env python3
"""What swaps cost those who are served, and how long a swap takes.

    cargo build --release && tests/bench/swaps.py [ROUNDS]

Needs wrk. 64 keep-alive connections load the server on all cores; every other round two guests are
swapped for one another all the while. Prints both kinds of rounds: requests per second, latencies, the ratio and
difference of neighbours, what failed (nothing), and the memory of the server. Then, on an idle server, how long
`wasmhttpd ctl swap` takes: of a guest that was compiled before, of one that differs in a custom section, of one
whose functions were compiled before (another octet of its data), and of one none of which was.
"""

import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

ROUND_SECONDS = 5
CONNECTIONS = 64
PORT = 18082
BINARY = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../target/release/wasmhttpd"))

WEB_CONF = f"""host default www
parameter listen 127.0.0.1:{PORT}
parameter control control.sock
parameter code-cache code
parameter guest guest-0.wasm
parameter watch off
"""


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    if not shutil.which("wrk"):
        sys.exit("wrk is not installed")
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.makedirs("www")
        write("web.conf", WEB_CONF.encode())
        write("www/index.html", b"0123456789abcdef" * 64)
        guest = subprocess.run([BINARY, "guest"], check=True, capture_output=True).stdout
        for number in range(2):
            write(f"guest-{number}.wasm", with_octet(guest, number))
        server = subprocess.Popen([BINARY], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_server()
            under_load(rounds, server.pid)
            when_idle(guest)
        finally:
            server.terminate()
            server.wait()


def under_load(rounds, pid):
    for number in (1, 0):
        swap(f"guest-{number}.wasm")
    quiet, swapped, swaps = [], [], []
    for _ in range(rounds):
        quiet.append(load())
        stop = threading.Event()
        swapping = threading.Thread(target=swap_until, args=(stop, swaps))
        swapping.start()
        swapped.append(load())
        stop.set()
        swapping.join()
    print(f"{'':10} {'requests/s':>12} {'p50 ms':>8} {'p99 ms':>8}   median of {rounds}")
    for name, rows in (("quiet", quiet), ("swaps", swapped)):
        rate, p50, p99 = (statistics.median(column) for column in zip(*rows))
        print(f"{name:10} {rate:12.0f} {p50:8.2f} {p99:8.2f}")
    more = statistics.median(during[2] - without[2] for without, during in zip(quiet, swapped))
    print(f"{more:+.2f} ms at p99; {len(swaps)} swaps, {statistics.median(swaps) * 1000:.1f} ms each")
    print(f"resident memory {resident(pid) >> 10} KiB")


def when_idle(guest):
    time.sleep(1)
    compiled = [timed_swap(f"guest-{number % 2}.wasm") for number in range(1, 12)]
    named, alike, new = [], [], []
    for number in range(5):
        body = b"\x05bench" + bytes([number])
        write("named.wasm", with_octet(guest, 0) + bytes([0, len(body)]) + body)
        named.append(timed_swap("named.wasm"))
    for number in range(2, 12):
        write("new.wasm", with_octet(guest, number))
        times = alike if number % 2 else new
        if times is new:
            forget_functions()
        times.append(timed_swap("new.wasm"))
    print("ctl swap on an idle server, ms (median, longest):")
    kinds = (("compiled", compiled), ("custom section", named), ("same functions", alike), ("new", new))
    for name, times in kinds:
        print(f"{name:16} {statistics.median(times) * 1000:8.1f} {max(times) * 1000:8.1f}")


def forget_functions():
    for name in os.listdir("code"):
        if name.endswith(".functions"):
            os.remove(os.path.join("code", name))


def with_octet(guest, number):
    """The guest, with another field in its answers."""
    return guest.replace(b"nosniff", b"nosnif" + bytes([ord("a") + number]))


def load():
    """Requests per second, and latencies in milliseconds, of one round."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_SECONDS}s", "--latency"]
        + [f"http://127.0.0.1:{PORT}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        sys.exit(f"not every answer was right:\n{output}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, milliseconds(output, "50%"), milliseconds(output, "99%")


def milliseconds(output, line):
    value, unit = re.search(rf"{line}\s+([\d.]+)(us|ms|s)", output).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def swap_until(stop, times):
    number = 0
    while not stop.is_set():
        number += 1
        start = time.monotonic()
        swap(f"guest-{number % 2}.wasm")
        times.append(time.monotonic() - start)


def swap(file):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("control.sock")
        control.sendall(json.dumps({"swap": {"file": os.path.abspath(file)}}).encode() + b"\n")
        reply = json.loads(control.makefile().readline())
        if "done" not in reply:
            sys.exit(f"{file}: {reply}")


def timed_swap(file):
    start = time.monotonic()
    subprocess.run([BINARY, "ctl", "swap", file], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - start


def resident(pid):
    return int(open(f"/proc/{pid}/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def wait_for_server(seconds=20):
    deadline = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{PORT}/").read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def write(path, octets):
    with open(path, "wb") as file:
        file.write(octets)


if __name__ == "__main__":
    main()
