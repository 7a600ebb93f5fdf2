"""Sees at once when another process of the run ends: each holds a TCP connection to the first.

`jax.distributed` has heartbeats, which see a machine that is gone; but they take a minute or two,
and then JAX aborts without a word of what to do. A process that is killed closes its connection.
Waiting for one another goes over the connections too, because a collective of CPUs gives up when
it has waited for long.
"""

import atexit
import os
import socket
import sys
import threading
import time

import numpy as np

from vadjax.errors import lost

GRACE_S = 1.0  # a failed collective or `processes.barrier` may explain better
CONNECT_S = 20.0
READY, GO, DONE = b"r", b"g", b"."
NAME_BYTES = 256


class Peers:
    """The connections of this process; where none can be made, the heartbeats are left.

    Args:
      index: of this process.
      count: of all.
      host: of the first process; "" is the name that it gives itself.
    """

    def __init__(self, index: int, count: int, host: str = ""):
        self._index, self._ending = index, False
        self._connections: list[socket.socket] = []
        self._heard, self._calls, self._changed = 0, 0, threading.Condition()
        server = thread = None
        if index == 0:
            server = socket.create_server(("", 0))
            server.settimeout(CONNECT_S)
            thread = threading.Thread(target=self._accept, args=(server, count), daemon=True)
            thread.start()
        name, port = _told(server)
        if thread:
            thread.join()
        else:
            self._call(host or name, port)
        wanted = 1 if index else count - 1
        self._complete = _all_say(len(self._connections) == wanted)
        atexit.register(self.end, well=True)

    def wait_for_all(self) -> None:
        """Wait, for however long, until every process has called this."""
        if not self._complete:
            return  # the collective that follows waits too
        self._calls += 1
        wanted = self._calls * (1 if self._index else len(self._connections))
        if self._index:
            self._send(READY)
        with self._changed:
            self._changed.wait_for(lambda: self._heard >= wanted)
        if self._index == 0:
            self._send(GO)

    def end(self, *, well: bool = False) -> None:
        """Watch no more; `well` tells the others that all is well."""
        self._ending = True
        if well:
            self._send(DONE)

    def _send(self, word: bytes) -> None:
        for connection in self._connections:
            try:
                connection.sendall(word)
            except OSError:
                continue  # the thread that reads from it sees that too

    def _call(self, host: str, port: int) -> None:
        try:
            connection = socket.create_connection((host, port), timeout=CONNECT_S)
            connection.sendall(self._index.to_bytes(4, "big"))
        except OSError:
            return
        self._watch(connection, 0)

    def _accept(self, server: socket.socket, count: int) -> None:
        with server:
            for _ in range(count - 1):
                try:
                    connection, _ = server.accept()
                    connection.settimeout(CONNECT_S)
                    number = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
                except OSError:
                    return
                self._watch(connection, number)

    def _watch(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._connections.append(connection)
        threading.Thread(target=self._wait, args=(connection, number), daemon=True).start()

    def _wait(self, connection: socket.socket, number: int) -> None:
        try:
            while word := connection.recv(1):
                if word == DONE:
                    return
                with self._changed:
                    self._heard += 1
                    self._changed.notify_all()
        except OSError:
            pass
        if self._index == 0:
            time.sleep(GRACE_S)
        if not self._ending:
            print(f"vadjax: {lost('the others worked', who=f'process {number}')}", file=sys.stderr)
            sys.stderr.flush()
            os._exit(1)


def _told(server: socket.socket | None) -> tuple[str, int]:
    """Let the first process tell all its name and port."""
    from jax.experimental.multihost_utils import broadcast_one_to_all

    name = socket.gethostname().encode()[:NAME_BYTES] if server else b""
    port = server.getsockname()[1] if server else 0
    text = np.frombuffer(name.ljust(NAME_BYTES, b"\0"), np.uint8)
    text, port = broadcast_one_to_all((text, np.int32(port)))
    return np.asarray(text).tobytes().rstrip(b"\0").decode(), int(port)


def _all_say(yes: bool) -> bool:
    from jax.experimental.multihost_utils import process_allgather

    return bool(process_allgather(np.array([yes])).all())
