// A guest of wasmhttpd: a small site with one rule in front of it.

import { handler as site } from "./small-site.js";

let greeting = "Hello!";

/** What the component exports. */
export const handler = {
    settings() {
        const summary = "What is said under /hello";
        return [...site.settings(), { name: "greeting", value: "TEXT", default: "Hello!", summary }];
    },

    configure({ media, parameters }) {
        const isOwn = ({ name }) => name === "greeting";
        greeting = parameters.findLast(isOwn)?.value ?? greeting;
        site.configure({ media, parameters: parameters.filter((parameter) => !isOwn(parameter)) });
    },

    parse(head, context) {
        const { action, persistence } = site.parse(head, context);
        // The rule: change it, or add another one.
        if (action.tag === "look-up" && action.val.candidates[0] === "/hello") {
            return { action: { tag: "answer", val: hello() }, persistence };
        }
        return { action, persistence };
    },

    respond: site.respond,
};

/** What is answered without a file. */
function hello() {
    const fields = "Content-Type: text/plain; charset=utf-8\r\n";
    return { status: 200, fields, content: { tag: "text", val: `${greeting}\n` } };
}
