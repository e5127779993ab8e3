"""A small static site: all of the interface wasmhttpd:guest/handler, by hand.

The host sends each request's head as text, in which each octet is the character of the same number.
`parse` says which file is wanted, the host looks for it, and `respond` says what to answer. Neither
does anything else: the same arguments give the same answer.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.handler import (
    Action_Answer,
    Action_LookUp,
    Configuration,
    Content_Slice,
    Content_Text,
    Context,
    Directories,
    Fallback,
    File,
    Found,
    Found_Directory,
    Found_File,
    Found_Nothing,
    Lookup,
    Parsed,
    Persistence,
    Persistence_Close,
    Persistence_KeepAlive,
    Problem,
    Response,
    SettingHelp,
    Slice,
    Trouble,
)

MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/vnd.microsoft.icon",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "woff2": "font/woff2",
}

REASONS = {
    301: "Moved Permanently",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    416: "Range Not Satisfiable",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
}

STATUSES = {
    Trouble.MISSING: 404,
    Trouble.FORBIDDEN: 403,
    Trouble.FAILED: 500,
    Trouble.BUSY: 503,
}

# Methods that are known, though there is nothing here to use them on.
NOT_ALLOWED = {"CONNECT", "DELETE", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}

# RFC 9112, sections 3 and 5; RFC 3986, section 3, and what browsers do not escape.
REQUEST_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP/([0-9])\.([0-9])")
FIELD_LINE = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)")
TARGET = re.compile(r"(?i:https?://([^/?]*))?([]A-Za-z0-9._~!$&'()*+,;=:@%/|[-]*)(\?[!$-;=?-~]*)?")
AUTHORITY = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?")
LENGTH = re.compile(r"[0-9]{1,15}")
BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
HIDDEN = re.compile(r"/[./]")
RANGE = re.compile(r"bytes=([0-9]{0,15})-([0-9]{0,15})", re.IGNORECASE)
MEDIA_TYPE = re.compile(r"[!-~]+/[ -~]+")
SECONDS = re.compile(r"[0-9]{1,9}")


class Refusal(Exception):
    """The request is answered with an error, without a look for files."""

    def __init__(self, status: int, persistence: Persistence = Persistence_Close()):
        self.status = status
        self.persistence = persistence


@dataclass(frozen=True)
class Request:
    """What a head asks for."""

    method: str
    site: str
    path: str  # as it was sent
    query: str  # with its question mark; empty where there is none
    name: str  # the path without its escapes
    fields: dict[str, list[str]]  # values by name in lower case
    persistence: Persistence

    def candidates(self) -> list[str]:
        """What to look for: a file, or else a directory of that name to redirect to."""
        if self.name.endswith("/"):
            return [self.name + "index.html"]
        return [self.name, self.name + "/"]

    def field(self, name: str) -> str | None:
        """The value of a field; where it has several lines, of all of them (RFC 9110, section 5.3)."""
        values = self.fields.get(name)
        return None if values is None else ", ".join(values)


@lru_cache(maxsize=1)
def read(head: str) -> Request:
    """Reads a head. What does not match the grammar is refused, and never repaired.

    The last one is remembered: `parse` and `respond` get the same one after each other.
    """
    first, *lines = head.split("\r\n")
    request_line = REQUEST_LINE.fullmatch(first)
    if not request_line or lines[-2:] != ["", ""]:
        raise Refusal(400)
    method, target, major, minor = request_line.groups()
    if major != "1":
        raise Refusal(505)
    fields: dict[str, list[str]] = {}
    for line in lines[:-2]:
        field_line = FIELD_LINE.fullmatch(line)
        if not field_line:
            raise Refusal(400)
        name, value = field_line.groups()
        fields.setdefault(name.lower(), []).append(value.strip(" \t"))

    is_http_1_0 = minor == "0"
    hosts = fields.get("host", [])
    if len(hosts) > 1 or not (hosts or is_http_1_0):
        raise Refusal(400)
    host = site_of(hosts[0]) if hosts else ""
    persistence = persistence_of(is_http_1_0, fields)
    if method in NOT_ALLOWED:
        raise Refusal(405, persistence)
    if method not in ("GET", "HEAD"):
        raise Refusal(501, persistence)

    parts = TARGET.fullmatch(target)
    if not parts:
        raise Refusal(400)
    authority, path, query = parts.groups()
    # An address as the target goes before Host (RFC 9112, section 3.2.2), and may lack a path.
    site, path = (host, path) if authority is None else (site_of(authority), path or "/")
    if not path.startswith("/") or BAD_ESCAPE.search(path):
        raise Refusal(400)
    try:
        name = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise Refusal(404, persistence)
    # Neither `..` nor `.git` is the name of anything that is shown, and no name has a slash.
    if HIDDEN.search(name) or "%2f" in path.lower():
        raise Refusal(404, persistence)
    return Request(method, site, path, query or "", name, fields, persistence)


def site_of(authority: str) -> str:
    """The name of a host, without a port."""
    parts = AUTHORITY.fullmatch(authority)
    if not parts:
        raise Refusal(400)
    return parts[1].lower().removesuffix(".")


def persistence_of(is_http_1_0: bool, fields: dict[str, list[str]]) -> Persistence:
    """Whether the connection goes on, and behind how much content (RFC 9112, sections 6.3 and 9.3)."""
    lengths = fields.get("content-length", [])
    is_coded = "transfer-encoding" in fields
    if is_coded and (lengths or is_http_1_0):
        raise Refusal(400)
    if len(lengths) > 1 or not all(map(LENGTH.fullmatch, lengths)):
        raise Refusal(400)
    options = ",".join(fields.get("connection", [])).lower().split(",")
    if is_coded or is_http_1_0 or "close" in (option.strip(" \t") for option in options):
        return Persistence_Close()
    return Persistence_KeepAlive(int(lengths[0]) if lengths else 0)


@dataclass
class Settings:
    """What web.conf says."""

    media_types: dict[str, str]
    cache: str  # a field line; empty where there is none


settings = Settings(MEDIA_TYPES, "")


class Handler(exports.Handler):
    """What the component exports."""

    def settings(self) -> list[SettingHelp]:
        summary = "How long a client may use a file without asking again"
        return [SettingHelp("cache", "SECONDS", "", summary)]

    def configure(self, configuration: Configuration) -> None:
        problems = []
        for media in configuration.media:
            if not MEDIA_TYPE.fullmatch(media.value):
                reason = f"media {media.name}: `{media.value}` is no media type (try text/plain)"
                problems.append(Problem(media.line, reason))
        for cache in configuration.parameters:
            if not SECONDS.fullmatch(cache.value):
                reason = f"cache: `{cache.value}` is no number of seconds (try 3600)"
                problems.append(Problem(cache.line, reason))
        if problems:
            raise Err(problems)
        own = {media.name.lower(): media.value for media in configuration.media}
        settings.media_types = MEDIA_TYPES | own
        settings.cache = "".join(
            f"Cache-Control: max-age={cache.value}\r\n" for cache in configuration.parameters[-1:]
        )

    def parse(self, head: str, context: Context | None) -> Parsed:
        try:
            request = read(head)
        except Refusal as refusal:
            return Parsed(Action_Answer(error(refusal.status)), refusal.persistence)
        not_found = Fallback(Trouble.MISSING, "/404.html")
        lookup = Lookup(request.site, request.candidates(), [not_found], Directories.FIND)
        return Parsed(Action_LookUp(lookup), request.persistence)

    def respond(self, head: str, found: Found, context: Context | None) -> Response:
        try:
            request = read(head)
        except Refusal as refusal:
            return error(refusal.status)
        match found:
            case Found_File(file) if file.after is None:
                return serve(request, file)
            case Found_File(file):
                fields = f"Content-Type: {settings.media_types['html']}\r\n"
                return Response(STATUSES[file.after], fields, Content_Slice(Slice(0, file.size)))
            case Found_Directory(_):
                return error(301, f"Location: {request.path}/{request.query}\r\n")
            case Found_Nothing(trouble):
                return error(STATUSES[trouble])


def serve(request: Request, file: File) -> Response:
    """A file: whole, in part, or only that the client has it already."""
    modified = file.modified
    tag = f'"{file.size:x}-{modified.seconds:x}-{modified.nanoseconds:x}"'
    validators = f"ETag: {tag}\r\n{settings.cache}"
    if is_match(request.field("if-none-match"), tag):
        return Response(304, validators, Content_Text(""))
    _, _, extension = request.candidates()[file.candidate].rpartition(".")
    media_type = settings.media_types.get(extension.lower(), "application/octet-stream")
    fields = f"Content-Type: {media_type}\r\nAccept-Ranges: bytes\r\n{validators}"
    whole = Response(200, fields, Content_Slice(Slice(0, file.size)))

    asked = request.field("range")
    if asked is None or request.method != "GET" or request.field("if-range") not in (None, tag):
        return whole
    octets = select(asked, file.size)
    if octets is None:
        return whole
    if not octets:
        return error(416, f"Content-Range: bytes */{file.size}\r\n")
    fields += f"Content-Range: bytes {octets[0]}-{octets[-1]}/{file.size}\r\n"
    return Response(206, fields, Content_Slice(Slice(octets[0], len(octets))))


def is_match(tags: str | None, tag: str) -> bool:
    """Whether a list of tags names this one, by weak comparison (RFC 9110, section 8.8.3.2)."""
    if tags is None:
        return False
    return tags == "*" or tag in (each.strip(" \t").removeprefix("W/") for each in tags.split(","))


def select(asked: str, size: int) -> range | None:
    """The octets that one range asks for, none if there are none of them (RFC 9110, section 14).

    `None` is for what may be ignored: other units, several ranges, nonsense, and an empty file.
    """
    positions = RANGE.fullmatch(asked)
    if not positions or positions.groups() == ("", "") or size == 0:
        return None
    first, last = positions.groups()
    if not first:
        return range(max(size - int(last), 0), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(int(last) + 1, size) if last else size)


def error(status: int, fields: str = "") -> Response:
    """An answer in a few words."""
    if status == 405:
        fields += "Allow: GET, HEAD\r\n"
    fields += "Content-Type: text/plain; charset=utf-8\r\n"
    return Response(status, fields, Content_Text(f"{status} {REASONS[status]}\n"))
