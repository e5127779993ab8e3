#!/usr/bin/env python3
"""What swaps cost those who are served, and how long a swap takes.

    cargo build --release && tests/bench/swaps.py [ROUNDS]

Needs wrk. 64 keep-alive connections load the server on all cores; every other round two guests are
swapped for one another all the while. Prints both kinds of rounds: requests per second, latencies, the
difference of neighbours, and the memory of the server. There are ROUNDS of each kind (5), and more until there were
SWAPS_MIN swaps. Then, on an idle server, how long `wasmhttpd ctl swap` takes: of a guest that was compiled before,
of one that differs in a custom section, of one whose functions were compiled before (another octet of its data), and
of one none of which was.

Exits 1, and says why, where a bar is missed: a request or a swap failed, latencies rose, memory grew, or a new
guest took too long. The bars are the constants below.
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

# The 99th percentile of latencies may be so much higher while guests are swapped.
P99_MORE_MS_MAX = 10
# From after the 50th swap to after the last of at least so many, memory may grow by so many in a hundred.
SETTLED = 50
SWAPS_MIN = 1000
GROWTH_PERCENT_MAX = 5
# `ctl swap` of a new guest takes less, at the median, on an idle server.
NEW_GUEST_MS = 200

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
            missed = under_load(rounds, server.pid) + when_idle(guest)
        finally:
            server.terminate()
            server.wait()
    for bar in missed:
        print(f"missed: {bar}")
    sys.exit(1 if missed else 0)


def under_load(rounds, pid):
    """Prints what came of it; returns the bars that were missed."""
    for number in (1, 0):
        swap(f"guest-{number}.wasm")
    quiet, swapped, swaps, memory, failed = [], [], [], [], []
    while not failed and (len(swapped) < rounds or len(swaps) < SWAPS_MIN):
        quiet.append(load(failed))
        stop = threading.Event()
        swapping = threading.Thread(target=swap_until, args=(stop, pid, swaps, memory, failed))
        swapping.start()
        swapped.append(load(failed))
        stop.set()
        swapping.join()
    if len(swaps) < SETTLED:
        return failed
    print(f"{'':10} {'requests/s':>12} {'p50 ms':>8} {'p99 ms':>8}   median of {len(swapped)}")
    for name, rows in (("quiet", quiet), ("swaps", swapped)):
        rate, p50, p99 = (statistics.median(column) for column in zip(*rows))
        print(f"{name:10} {rate:12.0f} {p50:8.2f} {p99:8.2f}")
    more = statistics.median(during[2] - without[2] for without, during in zip(quiet, swapped))
    print(f"{more:+.2f} ms at p99; {len(swaps)} swaps, {statistics.median(swaps) * 1000:.1f} ms each")
    settled, last = memory[SETTLED - 1], memory[-1]
    growth = 100 * (last - settled) / settled
    print(f"resident {settled >> 10} KiB after {SETTLED} swaps, {last >> 10} KiB at the end: {growth:+.1f} %")
    if more > P99_MORE_MS_MAX:
        failed.append(f"p99 is {more:.2f} ms more during swaps, and may be {P99_MORE_MS_MAX} ms more")
    if growth > GROWTH_PERCENT_MAX:
        failed.append(f"memory grew by {growth:.1f} %, and may by {GROWTH_PERCENT_MAX} %")
    return failed


def when_idle(guest):
    """Prints how long it took; returns the bars that were missed."""
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
    took = statistics.median(new) * 1000
    if took < NEW_GUEST_MS:
        return []
    return [f"`ctl swap` of a new guest takes {took:.0f} ms, and has to take less than {NEW_GUEST_MS} ms"]


def forget_functions():
    for name in os.listdir("code"):
        if name.endswith(".functions"):
            os.remove(os.path.join("code", name))


def with_octet(guest, number):
    """The guest, with another field in its answers."""
    return guest.replace(b"nosniff", b"nosnif" + bytes([ord("a") + number]))


def load(failed):
    """Requests per second, and latencies in milliseconds, of one round. Adds to what `failed`."""
    output = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{ROUND_SECONDS}s", "--latency"]
        + [f"http://127.0.0.1:{PORT}/"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    if "Non-2xx" in output or "Socket errors" in output:
        failed.append(f"not every answer was right:\n{output}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1])
    return rate, milliseconds(output, "50%"), milliseconds(output, "99%")


def milliseconds(output, line):
    value, unit = re.search(rf"{line}\s+([\d.]+)(us|ms|s)", output).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def swap_until(stop, pid, times, memory, failed):
    number = 0
    while not stop.is_set():
        number += 1
        start = time.monotonic()
        try:
            swap(f"guest-{number % 2}.wasm")
        except (OSError, ValueError) as error:
            failed.append(f"a swap failed: {error}")
            return
        times.append(time.monotonic() - start)
        memory.append(resident(pid))


def swap(file):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("control.sock")
        control.sendall(json.dumps({"swap": {"file": os.path.abspath(file)}}).encode() + b"\n")
        reply = json.loads(control.makefile().readline())
        if "done" not in reply:
            raise ValueError(f"{file}: {reply}")


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
