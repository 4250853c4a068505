"""A file from an address: whole under its name or not at all, and gone on with where it was cut off."""

from __future__ import annotations

import http.client
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from spermlens.errors import DataCorrupt, DataMissing
from spermlens.files import sha256_of_file

Show = Callable[[str, int, int], None]  # name, bytes so far, bytes in all (0: not told)

CHUNK = 1 << 16
SECONDS = 30  # without a byte
MAX_BYTES = 8 << 30
WEB_PAGE = re.compile(rb"\s*<(!doctype\s+html|html|head|script)", re.IGNORECASE)


def download(address: str, to: Path, sha256: str = "", show: Show = lambda *_: None) -> None:
    """Fetch `address` into `to`; with `sha256` its content is held to it."""
    if not address.startswith(("https://", "http://")):
        raise DataMissing(f"{address}: expected an address that begins with https://.")
    to.parent.mkdir(parents=True, exist_ok=True)
    part, mark = to.with_name(f".{to.name}.part"), to.with_name(f".{to.name}.mark")
    with _answer(address, part, mark) as answer:
        _receive(answer, part, mark, lambda done, total: show(to.name, done, total))
    found = sha256_of_file(part)
    if sha256 and found != sha256:
        _forget(part, mark)
        raise DataCorrupt(f"{address}: its sha256 is {found[:12]}, expected {sha256[:12]}.")
    part.replace(to)
    _forget(mark)


@contextmanager
def _answer(address: str, part: Path, mark: Path) -> Iterator[http.client.HTTPResponse]:
    """The server's answer, asked for from where an earlier one was cut off."""
    start = part.stat().st_size if part.is_file() and mark.is_file() else 0
    headers = {"User-Agent": "spermlens", "Accept-Encoding": "identity"}
    if start:
        # If-Range: should the file have changed meanwhile, the server sends all of the new one.
        headers |= {"Range": f"bytes={start}-", "If-Range": mark.read_text(encoding="utf-8")}
    try:
        with urlopen(Request(address, headers=headers), timeout=SECONDS) as answer:
            if address.startswith("https://") and not answer.url.startswith("https://"):
                raise DataMissing(f"{address}: leads to {answer.url}, which is not protected (https).")
            yield answer
    except HTTPError as error:
        if error.code == 416:  # the rest that was asked for is none: what is here cannot be its beginning
            _forget(part, mark)
            raise DataCorrupt(
                f"{address}: the part that was here does not fit. Run the same command again."
            ) from error
        raise DataMissing(f"{address}: the server answers {error.code} ({error.reason}).") from error
    except (URLError, http.client.HTTPException, OSError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataMissing(f"{address}: cannot be reached ({reason}). Check the connection.") from error


def _receive(
    answer: http.client.HTTPResponse, part: Path, mark: Path, show: Callable[[int, int], None]
) -> None:
    start = _goes_on_from(answer, part)
    total = start + int(answer.headers.get("Content-Length") or 0)
    if total > MAX_BYTES:
        raise DataCorrupt(f"{answer.url}: {total:,} bytes, expected at most {MAX_BYTES:,}.")
    if "text/html" in answer.headers.get("Content-Type", "") or WEB_PAGE.match(answer.peek(64)):
        raise DataMissing(f"{answer.url}: sends a web page, not the file.")
    known = answer.headers.get("ETag") or answer.headers.get("Last-Modified")
    mark.write_text(known, encoding="utf-8") if known else _forget(mark)
    done, reason = start, ""
    with part.open("ab" if start else "wb") as stream:
        try:
            while chunk := answer.read(CHUNK):
                done += stream.write(chunk)
                if done > MAX_BYTES:
                    raise DataCorrupt(f"{answer.url}: more than {MAX_BYTES:,} bytes, which is not the file.")
                show(done, total if answer.length is not None else 0)
        except (http.client.HTTPException, OSError) as error:
            reason = f" ({error})"
    if reason or done < total:
        of = f" of {total:,}" if total > start else ""
        raise DataMissing(
            f"{answer.url}: cut off after {done:,}{of} bytes{reason}. The same command goes on from there."
        )


def _goes_on_from(answer: http.client.HTTPResponse, part: Path) -> int:
    """Where the answer's first byte belongs; 0 for a whole file."""
    if answer.status != 206:
        return 0
    start = re.match(r"bytes (\d+)-", answer.headers.get("Content-Range", ""))
    if not start or int(start[1]) != part.stat().st_size:
        part.unlink()
        raise DataCorrupt(f"{answer.url}: goes on at the wrong place. Run the same command again.")
    return int(start[1])


def _forget(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)
