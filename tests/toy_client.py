#!/usr/bin/env python3
"""A client of TOY/1: shows that requests of one connection are answered when they can be."""

import hashlib
import socket
import struct
import sys
import time

PORT = int(sys.argv[1])
ROOT = sys.argv[2]


def connect():
    peer = socket.create_connection(("127.0.0.1", PORT))
    peer.settimeout(20)
    return peer


def request(number, target, method="GET"):
    head = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    return f"{number} {len(head)}\n".encode() + head


def frames(peer):
    """Yields (id, length, content)."""
    stream = peer.makefile("rb")
    while line := stream.readline():
        number, length = map(int, line.split())
        yield number, length, stream.read(max(length, 0))


class Answers:
    def __init__(self, peer):
        self.frames, self.octets, self.order, self.log = frames(peer), {}, [], []

    def is_whole(self, number):
        head, found, content = self.octets[number].partition(b"\r\n\r\n")
        fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
        return found and len(content) == int(fields.get(b"content-length", 0))

    def read(self, count):
        while len(self.order) < count:
            number, length, content = next(self.frames)
            first = number not in self.octets
            self.octets[number] = self.octets.get(number, b"") + content
            self.log.append((number, length))
            if length <= 0 or first and self.is_whole(number):
                self.order.append(number)
        return self.order

    def content(self, number):
        return self.octets[number].partition(b"\r\n\r\n")[2]


def out_of_order():
    peer = connect()
    # The preface in two pieces, the requests at once.
    peer.sendall(b"TO")
    time.sleep(0.1)
    peer.sendall(b"Y/1\n" + request(1, "/dir/") + request(2, "/small.txt") + request(3, "/big.bin")
                 + request(4, "/big.bin") + request(5, "/none") + request(6, "/big.bin", "HEAD"))
    answers = Answers(peer)
    peer.settimeout(20)
    order = answers.read(5)
    # HEAD has no content: its one frame is all.
    assert 6 in answers.octets and answers.content(6) == b""
    big = open(ROOT + "/big.bin", "rb").read()
    assert answers.content(3) == big and answers.content(4) == big, "not what the file is"
    assert answers.content(2) == open(ROOT + "/small.txt", "rb").read()
    assert b" 404 " in answers.octets[5].split(b"\r\n")[0]
    assert answers.content(1).count(b"<a href") >= 5000
    assert max(length for number, length in answers.log if number in (3, 4)) <= 16384 + 400
    firsts = [n for i, (n, _) in enumerate(answers.log) if n not in [m for m, _ in answers.log[:i]]]
    runs = sum(a[0] != b[0] for a, b in zip(answers.log, answers.log[1:]))
    print("first frames:", firsts, "ended:", order, f"{len(answers.log)} frames, {runs} changes")
    assert order.index(2) < order.index(1), "the small file waited for the listing"
    assert runs > 200, "not interleaved"
    # The connection goes on.
    peer.sendall(request(1, "/small.txt"))
    number, length, content = next(answers.frames)
    print("and again:", number, content.split(b"\r\n")[0].decode())
    peer.close()


def many_wait():
    peer = connect()
    count = 40
    peer.sendall(b"TOY/1\n" + b"".join(request(n, "/dir/") for n in range(1, count + 1))
                 + request(99, "/small.txt"))
    answers = Answers(peer)
    order = answers.read(count + 1)
    print("many wait, answered:", order)
    assert order[0] == 99
    assert len({hashlib.sha256(answers.content(n)).hexdigest() for n in range(1, count + 1)}) == 1
    peer.close()


def dropped():
    peer = connect()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.sendall(b"TOY/1\n" + b"".join(request(n, "/dir/") for n in range(1, 20))
                 + request(50, "/big.bin") + request(51, "/big.bin"))
    peer.recv(1000)
    peer.close()
    time.sleep(0.3)
    print("dropped with 21 requests in flight")


def refused():
    peer = connect()
    peer.sendall(b"TOY/1\n7 20000\n" + b"x" * 20000 + request(8, "/small.txt"))
    answers = Answers(peer)
    print("too long:", answers.read(2), answers.octets[7].split(b"\r\n")[0].decode())
    peer.sendall(b"nonsense\n")
    assert peer.recv(100) == b"", "not closed"
    print("broken: closed")


def half_closed():
    peer = connect()
    peer.sendall(b"TOY/1\n" + request(1, "/dir/") + request(2, "/big.bin"))
    peer.shutdown(socket.SHUT_WR)
    answers = Answers(peer)
    print("half closed:", sorted(answers.read(2)))
    assert list(answers.frames) == []


for show in (out_of_order, many_wait, dropped, refused, half_closed):
    show()
