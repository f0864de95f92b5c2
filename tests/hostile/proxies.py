"""Proxies between a client and the server: haproxy and nginx where they are installed, and always two of our own that
believe one header and not the other, over one line to the server that all their clients share.

What must not live here: a proxy that anybody should use.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

HEAD_END = b"\r\n\r\n"
HAPROXY = """global
  maxconn 100
defaults
  mode http
  timeout connect 2s
  timeout client 2s
  timeout server 2s
  http-reuse always
frontend in
  bind 127.0.0.1:{port}
  default_backend out
backend out
  server one 127.0.0.1:{upstream} maxconn 1
"""
NGINX = """daemon off; worker_processes 1; pid {folder}/pid; error_log stderr crit;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  upstream out {{ server 127.0.0.1:{upstream}; keepalive 1; }}
  server {{ listen 127.0.0.1:{port}; client_header_timeout 2s; client_body_timeout 2s;
    location / {{ proxy_pass http://out; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_read_timeout 2s;
      proxy_request_buffering off; }} }} }}
"""


class Installed:
    """A proxy that others wrote, as a child process."""

    def __init__(self, name: str, argv: list[str], port: int) -> None:
        self.name, self.port = name, port
        self._argv = argv
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._child = subprocess.Popen(self._argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.02)
        self.__exit__(None, None, None)
        raise ConnectionError(f"{self.name} does not listen")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.terminate()
            self._child.wait(10)


class Credulous:
    """Reads heads line by line, however they end; a body by Content-Length or by chunks, whichever it believes in; and
    sends on what it read as it is, one request after the other over one line."""

    def __init__(self, name: str, upstream: int, size_of: Callable[[bytes], int | None]) -> None:
        self.name = name
        self._upstream = upstream
        self._size_of = size_of
        self._turn = threading.Lock()
        self._line: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close()
            self._line = None

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(2)
        seen = b""
        with client, contextlib.suppress(OSError):
            while True:
                while (size := self._size_of(seen)) is None:
                    more = client.recv(65_536)
                    if not more:
                        return
                    seen += more
                asked, seen = seen[:size], seen[size:]
                client.sendall(self._pass_on(asked))

    def _pass_on(self, asked: bytes) -> bytes:
        with self._turn:
            for _ in range(2):  # a line that the server has closed meanwhile is opened anew
                try:
                    if self._line is None:
                        self._line = socket.create_connection(("127.0.0.1", self._upstream), 2)
                    self._line.sendall(asked)
                    if answer := self._answer(self._line):
                        return answer
                except TimeoutError:
                    self._hang_up()
                    break
                except OSError:
                    pass
                self._hang_up()
            return b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"

    def _answer(self, line: socket.socket) -> bytes:
        heard = b""
        while (size := by_length(heard)) is None or heard.startswith(b"HTTP/1.1 100 "):
            if size is not None:
                heard = heard[size:]  # an interim answer; the one that counts follows
                continue
            more = line.recv(65_536)
            if not more:
                return heard
            heard += more
        return heard[:size]


def by_length(seen: bytes) -> int | None:
    """Where a request ends for whoever believes its Content-Length alone; None while it has not come."""
    head, found, _ = seen.partition(HEAD_END)
    if not found:
        return None
    size = len(head) + len(HEAD_END)
    for line in head.split(b"\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit() and len(value) < 12:
            size += int(value)
            break
    return size if len(seen) >= size else None


def by_chunks(seen: bytes) -> int | None:
    """The same for whoever believes in anything that looks like chunks."""
    head, found, _ = seen.partition(HEAD_END)
    if not found:
        return None
    if b"chunked" not in head.lower():
        return by_length(seen)
    at = len(head) + len(HEAD_END)
    while True:
        end = seen.find(b"\n", at)
        if end < 0:
            return None
        try:
            size = int(seen[at:end].split(b";")[0].strip() or b"0", 16)
        except ValueError:
            return len(seen)
        at = end + 1 + max(size, 0) + 2
        if size <= 0:
            return min(at, len(seen))


def proxies(folder: Path, upstream: int, *, all_of_them: bool) -> Iterator[Installed | Credulous]:
    """Each to be entered and left before the next."""
    yield Credulous("a proxy that believes Content-Length", upstream, by_length)
    yield Credulous("a proxy that believes in chunks", upstream, by_chunks)
    if not all_of_them:
        return
    for name, text, argv in (
        ("haproxy", HAPROXY, ["-db", "-q", "-f"]),
        ("nginx", NGINX, ["-p", str(folder), "-c"]),
    ):
        path = shutil.which(name)
        if path is not None:
            port = _free_port()
            written = folder / f"{name}.conf"
            written.write_text(text.format(port=port, upstream=upstream, folder=folder))
            yield Installed(name, [path, *argv, str(written)], port)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port
