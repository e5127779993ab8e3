// Shows real answers of the server that this page came from. The page is complete without it.
"use strict";
(() => {
  const root = new URL(".", document.currentScript.src);
  const hosts = ["content-length", "date", "server", "connection"]; // these fields only the host may write
  const either = [408, 414, 431, 500, 503]; // statuses that the host may give without the guest

  const $ = id => document.getElementById(id);
  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };
  const named = name => name === "etag" ? "ETag" : name.replace(/\b[a-z]/g, c => c.toUpperCase());
  const reason = response => `${response.status} ${response.statusText}`.trim();
  const target = url => url.pathname + url.search;

  function group(className, title, rows) {
    const body = make("tbody", undefined, className);
    const heading = make("th", title);
    heading.colSpan = 2;
    heading.scope = "rowgroup";
    body.append(make("tr"));
    body.firstChild.append(heading);
    for (const [name, value] of rows) {
      const row = body.appendChild(make("tr"));
      const head = row.appendChild(make("th", name));
      head.scope = "row";
      row.append(make("td", value, name === "status" ? "status" : ""));
    }
    return body;
  }

  // The two authors of an answer are told apart by the field: the contract allows no overlap.
  function fill(table, response) {
    const guest = [["status", reason(response)]], host = [];
    for (const [name, value] of response.headers) {
      (hosts.includes(name) ? host : guest).push([named(name), value]);
    }
    table.querySelectorAll("tbody").forEach(body => body.remove());
    const ours = /^wasmhttpd/.test(response.headers.get("server") || "");
    if (!ours || either.includes(response.status)) {
      table.append(group("host", "answered", guest.concat(host)));
    } else {
      table.append(group("guest", "decided in the sandbox", guest));
      table.append(group("host", "added by the host", host));
    }
    return ours;
  }

  const wire = (method, url, fields) =>
    [`${method} ${target(url)} HTTP/1.1`, `Host: ${location.host}`]
      .concat(Object.entries(fields).map(([name, value]) => `${name}: ${value}`)).join("\n");

  // no-store: the answer shall be the server's, a 304 too, and not one from the browser's cache.
  const ask = (method, url, headers = {}) => fetch(url, { method, headers, cache: "no-store" });

  function show(asked, response, octets, note) {
    $("panel").hidden = false;
    $("asked").textContent = asked;
    const ours = fill($("answer"), response);
    const content = $("content");
    content.replaceChildren();
    if (response.status === 206) {
      const row = content.appendChild(make("p", undefined, "octets"));
      for (const octet of octets.slice(0, 32)) {
        const cell = row.appendChild(make("span", octet.toString(16).padStart(2, "0")));
        cell.append(make("small", octet > 32 && octet < 127 ? String.fromCharCode(octet) : "·"));
      }
    } else if (response.status >= 400 && octets.length > 0) {
      content.append(make("pre", new TextDecoder().decode(octets.slice(0, 600)).trim()));
    }
    $("note").textContent = ours ? note : "";
    $("note").hidden = !ours;
  }

  async function run(item) {
    const { method = "GET", path, range, match } = item.dataset;
    const url = new URL(path, root);
    const fields = {};
    if (range) fields.Range = range;
    if (match !== undefined) {
      const tag = (await ask("HEAD", url)).headers.get("etag");
      if (tag) fields["If-None-Match"] = tag;
    }
    const response = await ask(method, url, fields);
    const octets = new Uint8Array(await response.arrayBuffer());
    let asked = wire(method, url, fields);
    if (response.redirected) asked += `\n\nredirected to\n${target(new URL(response.url))}`;
    show(asked, response, octets, item.querySelector(".note").textContent.replace(/\s+/g, " "));
    return response;
  }

  function enhance(item) {
    const { method = "GET", path, range, match } = item.dataset;
    const button = make("button");
    button.type = "button";
    const wording = range ? `Range: ${range}` : match !== undefined ? "If-None-Match" : `${method} ${target(new URL(path, root))}`;
    button.append(make("b", item.querySelector("h3").textContent), make("code", wording));
    button.addEventListener("click", async () => {
      document.querySelectorAll("#tries [aria-current]").forEach(other => other.removeAttribute("aria-current"));
      button.setAttribute("aria-current", "true");
      try {
        $("said").textContent = `Answer: ${reason(await run(item))}`; // spoken by screen readers
      } catch {
        $("panel").hidden = $("note").hidden = false;
        $("asked").textContent = wording;
        $("said").textContent = $("note").textContent = "No answer. Is the server still running?";
        $("answer").querySelectorAll("tbody").forEach(body => body.remove());
        $("content").replaceChildren();
      }
    });
    item.prepend(button);
    return button;
  }

  async function begin() {
    const response = await ask("HEAD", root);
    $("receipt").previousElementSibling.textContent = wire("HEAD", root, {});
    if (!fill($("receipt"), response)) {
      const server = response.headers.get("server");
      $("remark").hidden = false;
      $("remark").textContent = `Not from wasmhttpd this time: this server calls itself ${server || "nothing at all"}.`;
    }
    $("tries").classList.add("live");
    const items = [...$("tries").children];
    const buttons = items.map(enhance);
    buttons[2].setAttribute("aria-current", "true");
    await run(items[2]);
  }

  begin().catch(() => {}); // opened as a file, or the server is gone: the page stays as written
})();
