"""A worker without a gateway, for tests of its parent: answers each connection with its number and process id.

``python stub_worker.py MODE CONTROL MEMORY worker=N``; modes: ``good``, ``broken`` (says why it cannot start),
``silent`` (dies in its start), ``deaf`` (does not stop when told). A connection that sends ``call`` is a session.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import struct
import sys


def main() -> None:
    mode, control_fd, memory_fd, name = sys.argv[1:]
    number = int(name.partition("=")[2])
    control = socket.socket(fileno=int(control_fd))
    control.recv(2**17)
    if mode == "silent":
        sys.exit(3)
    if mode == "broken":
        control.send(json.dumps({"type": "failed", "message": "no ears here"}).encode())
        control.recv(64)
        sys.exit(1)
    signal.signal(signal.SIGTERM, lambda *_: control.send(b'{"type": "leaving"}'))
    control.send(json.dumps({"type": "ready", "info": {"number": number}, "commercial_use": True}).encode())
    calls = 0
    selector = selectors.DefaultSelector()
    selector.register(control, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not control:
                customer: socket.socket = key.fileobj  # type: ignore[assignment]
                word = customer.recv(64)
                calls += {b"call": 1, b"": -1}.get(word, 0)
                os.pwrite(int(memory_fd), struct.pack("i", calls), 4 * (number - 1))
                if word:
                    customer.send(f"{number} {os.getpid()}".encode())
                else:
                    selector.unregister(customer)
                continue
            message, files, _, _ = socket.recv_fds(control, 64, 4)
            for file in files:
                selector.register(socket.socket(fileno=file), selectors.EVENT_READ)
                control.send(b"took")
            if not message or (message == b"stop" and mode != "deaf"):
                return


main()
