// Tests of the guest.

import assert from "node:assert/strict";
import { test } from "node:test";

import { handler } from "./guest.js";

/** What becomes of a request. */
function get(path) {
    return handler.parse(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`, null);
}

test("hello is answered with the greeting", () => {
    handler.configure({ media: [], parameters: [{ line: 1, name: "greeting", value: "Good day!" }] });
    const { action } = get("/hello");
    assert.equal(action.tag, "answer");
    assert.equal(action.val.status, 200);
    assert.deepEqual(action.val.content, { tag: "text", val: "Good day!\n" });
});

test("everything else is looked for", () => {
    const { action } = get("/docs/");
    assert.equal(action.tag, "look-up");
    assert.deepEqual(action.val.candidates, ["/docs/index.html"]);
});
