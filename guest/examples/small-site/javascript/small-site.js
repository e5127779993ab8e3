// A small static site: all of the interface wasmhttpd:guest/handler, by hand.
//
// The host sends each request's head as text, in which each octet is the character of the same
// number. `parse` says which file is wanted, the host looks for it, and `respond` says what to answer.
// Neither does anything else: the same arguments give the same answer.

const MEDIA_TYPES = {
    css: "text/css; charset=utf-8",
    html: "text/html; charset=utf-8",
    ico: "image/vnd.microsoft.icon",
    jpg: "image/jpeg",
    js: "text/javascript; charset=utf-8",
    json: "application/json",
    pdf: "application/pdf",
    png: "image/png",
    svg: "image/svg+xml",
    txt: "text/plain; charset=utf-8",
    wasm: "application/wasm",
    woff2: "font/woff2",
};

const REASONS = {
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
};

const STATUSES = { missing: 404, forbidden: 403, failed: 500, busy: 503 };

// Methods that are known, though there is nothing here to use them on.
const NOT_ALLOWED = ["CONNECT", "DELETE", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

// RFC 9112, sections 3 and 5; RFC 3986, section 3, and what browsers do not escape.
const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([!-~]+) HTTP\/([0-9])\.([0-9])$/;
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\x00-\x08\x0a-\x1f\x7f]*)$/;
const TARGET = /^(?:https?:\/\/([^/?]*))?([A-Za-z0-9._~!$&'()*+,;=:@%/|[\]-]*)(\?[!$-;=?-~]*)?$/i;
const AUTHORITY = /^([A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/;
const LENGTH = /^[0-9]{1,15}$/;
const BAD_ESCAPE = /%(?![0-9A-Fa-f]{2})|%00/;
const HIDDEN = /\/[./]/;
const RANGE = /^bytes=([0-9]{0,15})-([0-9]{0,15})$/i;
const MEDIA_TYPE = /^[!-~]+\/[ -~]+$/;
const SECONDS = /^[0-9]{1,9}$/;

const CLOSE = { tag: "close" };

/** The request is answered with an error, without a look for files. */
class Refusal extends Error {
    constructor(status, persistence = CLOSE) {
        super(`refused with ${status}`);
        this.status = status;
        this.persistence = persistence;
    }
}

/** The last request: `parse` and `respond` get the same head after each other. */
let last = { head: null, request: null };

/** Reads a head, unless it is the last one. */
function read(head) {
    if (head !== last.head) last = { head, request: readAnew(head) };
    return last.request;
}

/** Reads a head. What does not match the grammar is refused, and never repaired. */
function readAnew(head) {
    const [first, ...lines] = head.split("\r\n");
    const requestLine = REQUEST_LINE.exec(first);
    if (!requestLine || lines.pop() !== "" || lines.pop() !== "") throw new Refusal(400);
    const [, method, target, major, minor] = requestLine;
    if (major !== "1") throw new Refusal(505);
    const fields = new Map();
    for (const line of lines) {
        const fieldLine = FIELD_LINE.exec(line);
        if (!fieldLine) throw new Refusal(400);
        const name = fieldLine[1].toLowerCase();
        if (!fields.has(name)) fields.set(name, []);
        fields.get(name).push(trim(fieldLine[2]));
    }

    const isHttp10 = minor === "0";
    const hosts = fields.get("host") ?? [];
    if (hosts.length > 1 || (hosts.length === 0 && !isHttp10)) throw new Refusal(400);
    const host = hosts.length === 1 ? siteOf(hosts[0]) : "";
    const persistence = persistenceOf(isHttp10, fields);
    if (NOT_ALLOWED.includes(method)) throw new Refusal(405, persistence);
    if (method !== "GET" && method !== "HEAD") throw new Refusal(501, persistence);

    const parts = TARGET.exec(target);
    if (!parts) throw new Refusal(400);
    const [, authority, sent, query = ""] = parts;
    // An address as the target goes before Host (RFC 9112, section 3.2.2), and may lack a path.
    const site = authority === undefined ? host : siteOf(authority);
    const path = authority === undefined ? sent : sent || "/";
    if (!path.startsWith("/") || BAD_ESCAPE.test(path)) throw new Refusal(400);
    const name = decode(path);
    // Neither `..` nor `.git` is the name of anything that is shown, and no name has a slash.
    if (name === null || HIDDEN.test(name) || /%2f/i.test(path)) throw new Refusal(404, persistence);
    return { method, site, path, query, name, fields, persistence };
}

/** A value without blanks around it; step by step, as `/[ \t]+$/` would take quadratic time. */
function trim(value) {
    let [start, end] = [0, value.length];
    while (start < end && " \t".includes(value[start])) start += 1;
    while (end > start && " \t".includes(value[end - 1])) end -= 1;
    return value.slice(start, end);
}

/** The name of a host, without a port. */
function siteOf(authority) {
    const parts = AUTHORITY.exec(authority);
    if (!parts) throw new Refusal(400);
    return parts[1].toLowerCase().replace(/\.$/, "");
}

/** A path without its escapes; null if it is not UTF-8. */
function decode(path) {
    try {
        return decodeURIComponent(path);
    } catch {
        return null;
    }
}

/** Whether the connection goes on, and behind how much content (RFC 9112, sections 6.3 and 9.3). */
function persistenceOf(isHttp10, fields) {
    const lengths = fields.get("content-length") ?? [];
    const isCoded = fields.has("transfer-encoding");
    if (isCoded && (lengths.length > 0 || isHttp10)) throw new Refusal(400);
    if (lengths.length > 1 || !lengths.every((length) => LENGTH.test(length))) throw new Refusal(400);
    const options = (fields.get("connection") ?? []).join().toLowerCase().split(",").map(trim);
    if (isCoded || isHttp10 || options.includes("close")) return CLOSE;
    return { tag: "keep-alive", val: Number(lengths[0] ?? 0) };
}

/** What to look for: a file, or else a directory of that name to redirect to. */
function candidates({ name }) {
    return name.endsWith("/") ? [`${name}index.html`] : [name, `${name}/`];
}

/** A file: whole, in part, or only that the client has it already. */
function serve(request, { candidate, size, modified }) {
    const hex = (number) => number.toString(16);
    const tag = `"${hex(size)}-${hex(modified.seconds)}-${hex(modified.nanoseconds)}"`;
    const validators = `ETag: ${tag}\r\n${settings.cache}`;
    if (isMatch(field(request, "if-none-match"), tag)) {
        return { status: 304, fields: validators, content: { tag: "empty" } };
    }
    const [, extension = ""] = /\.([^./]*)$/.exec(candidates(request)[candidate]) ?? [];
    const mediaType = settings.mediaTypes.get(extension.toLowerCase()) ?? "application/octet-stream";
    const fields = `Content-Type: ${mediaType}\r\nAccept-Ranges: bytes\r\n${validators}`;
    const whole = { status: 200, fields, content: slice(0, size) };

    const asked = field(request, "range");
    const onlyIf = field(request, "if-range") ?? tag;
    if (asked === undefined || request.method !== "GET" || onlyIf !== tag) return whole;
    const octets = select(asked, size);
    if (octets === null) return whole;
    const { start, end } = octets;
    if (start >= end) return error(416, `Content-Range: bytes */${size}\r\n`);
    const range = `Content-Range: bytes ${start}-${end - 1}/${size}\r\n`;
    return { status: 206, fields: fields + range, content: slice(start, end - start) };
}

/** The value of a field; where it has several lines, of all of them (RFC 9110, section 5.3). */
function field({ fields }, name) {
    return fields.get(name)?.join(", ");
}

function slice(start, length) {
    return { tag: "slice", val: { start, length } };
}

/** Whether a list of tags names this one, by weak comparison (RFC 9110, section 8.8.3.2). */
function isMatch(tags, tag) {
    if (tags === undefined) return false;
    return tags === "*" || tags.split(",").some((each) => trim(each).replace(/^W\//, "") === tag);
}

/**
 * The octets that one range asks for, from the first to behind the last (RFC 9110, section 14).
 * null is for what may be ignored: other units, several ranges, nonsense, and an empty file.
 */
function select(asked, size) {
    const [, first, last] = RANGE.exec(asked) ?? [];
    if (first === undefined || (first === "" && last === "") || size === 0) return null;
    if (first === "") return { start: Math.max(size - Number(last), 0), end: size };
    if (last === "") return { start: Number(first), end: size };
    if (Number(last) < Number(first)) return null;
    return { start: Number(first), end: Math.min(Number(last) + 1, size) };
}

/** An answer in a few words. */
function error(status, fields = "") {
    const allow = status === 405 ? "Allow: GET, HEAD\r\n" : "";
    return {
        status,
        fields: `${fields}${allow}Content-Type: text/plain; charset=utf-8\r\n`,
        content: { tag: "text", val: `${status} ${REASONS[status]}\n` },
    };
}

/** What web.conf says. */
const settings = {
    mediaTypes: new Map(Object.entries(MEDIA_TYPES)),
    /** A field line; empty where there is none. */
    cache: "",
};

/** What the component exports. */
export const handler = {
    settings() {
        const summary = "How long a client may use a file without asking again";
        return [{ name: "cache", value: "SECONDS", default: "", summary }];
    },

    configure({ media, parameters }) {
        const problems = [];
        for (const { line, name, value } of media) {
            if (MEDIA_TYPE.test(value)) continue;
            problems.push({ line, reason: `media ${name}: \`${value}\` is no media type (try text/plain)` });
        }
        for (const { line, value } of parameters) {
            if (SECONDS.test(value)) continue;
            problems.push({ line, reason: `cache: \`${value}\` is no number of seconds (try 3600)` });
        }
        if (problems.length > 0) throw problems;
        const own = media.map(({ name, value }) => [name.toLowerCase(), value]);
        settings.mediaTypes = new Map([...Object.entries(MEDIA_TYPES), ...own]);
        const cache = parameters.at(-1);
        settings.cache = cache ? `Cache-Control: max-age=${cache.value}\r\n` : "";
    },

    parse(head, _context) {
        try {
            const request = read(head);
            const lookup = {
                site: request.site,
                candidates: candidates(request),
                fallbacks: [{ after: "missing", path: "/404.html" }],
                directories: "find",
            };
            return { action: { tag: "look-up", val: lookup }, persistence: request.persistence };
        } catch (refusal) {
            if (!(refusal instanceof Refusal)) throw refusal;
            const { status, persistence } = refusal;
            return { action: { tag: "answer", val: error(status) }, persistence };
        }
    },

    respond(head, found, _context) {
        try {
            const request = read(head);
            if (found.tag === "directory") {
                return error(301, `Location: ${request.path}/${request.query}\r\n`);
            }
            if (found.tag === "nothing") return error(STATUSES[found.val]);
            const { after, size } = found.val;
            if (!after) return serve(request, found.val);
            const fields = `Content-Type: ${settings.mediaTypes.get("html")}\r\n`;
            return { status: STATUSES[after], fields, content: slice(0, size) };
        } catch (refusal) {
            if (!(refusal instanceof Refusal)) throw refusal;
            return error(refusal.status);
        }
    },
};
