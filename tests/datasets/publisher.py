"""A publisher on this machine: serves bytes, and misbehaves as told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


@dataclass
class Publisher:
    """What is served by path, and how; `asked` remembers each path with the place it was asked from."""

    files: dict[str, bytes] = field(default_factory=dict)
    cut_after: dict[str, int] = field(default_factory=dict)  # bytes of an answer before the line breaks
    redirect: dict[str, str] = field(default_factory=dict)
    ranges: str = "good"  # none, wrong (answers from elsewhere), refuse (416)
    tagged: bool = True
    asked: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""


@contextmanager
def published() -> Iterator[Publisher]:
    publisher = Publisher()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"

        def do_GET(self) -> None:
            answer(self, publisher)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    publisher.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield publisher
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(request: BaseHTTPRequestHandler, publisher: Publisher) -> None:
    path, wanted = request.path, request.headers.get("Range", "")
    publisher.asked.append((path, wanted.removeprefix("bytes=").removesuffix("-")))
    if path in publisher.redirect:
        request.send_response(302)
        request.send_header("Location", publisher.redirect[path])
        request.end_headers()
        return
    if path not in publisher.files:
        request.send_error(404)
        return
    content, start = publisher.files[path], 0
    tag = f'"{sha256(content).hexdigest()[:8]}"'
    same = request.headers.get("If-Range") == tag
    if wanted and same and publisher.ranges == "refuse":
        request.send_error(416)
        return
    if wanted and same and publisher.ranges != "none":
        start = int(publisher.asked[-1][1]) - (publisher.ranges == "wrong")
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
    if publisher.tagged:
        request.send_header("ETag", tag)
    request.send_header("Content-Length", str(len(content) - start))
    request.end_headers()
    request.wfile.write(content[start:][: publisher.cut_after.pop(path, None)])
