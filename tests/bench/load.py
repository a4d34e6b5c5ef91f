#!/usr/bin/env python3
"""load.py PORT SECONDS RATE: asks fixtures/programs/answers.py at a fixed rate; prints the seconds that answers took.

One thread, and requests that leave when they are due whether others have been answered or not: a service that falls
behind is not spared. Latency counts from when a request was due.
"""

import json
import selectors
import socket
import sys
import time

CONNECTIONS = 8
REQUEST = json.dumps(list(range(1500))).encode() + b"\n"


class Connection:
    """Answers come in the order of the requests."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = []

    def ask(self, due):
        self.due.append(due)
        self.socket.sendall(REQUEST)

    def answers(self):
        """Latencies of what has arrived."""
        data = self.socket.recv(65536)
        if not data:
            raise SystemExit("load: the service closed a connection")
        now = time.monotonic()
        return [now - self.due.pop(0) for _ in range(data.count(b"\n"))]


def load(port, seconds, rate):
    connections, selector, latencies = [Connection(port) for _ in range(CONNECTIONS)], selectors.DefaultSelector(), []
    for connection in connections:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
    begin, total, sent = time.monotonic(), int(seconds * rate), 0
    while len(latencies) < total:
        due = begin + sent / rate
        while sent < total and due <= time.monotonic():
            connections[sent % CONNECTIONS].ask(due)
            sent += 1
            due = begin + sent / rate
        pause = max(0.0, due - time.monotonic()) if sent < total else 1.0
        for key, _ in selector.select(pause):
            latencies += key.data.answers()
    return latencies


if __name__ == "__main__":
    print(json.dumps(load(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))))
