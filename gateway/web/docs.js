// The page /docs: lists the operations of /openapi.json. Everything is put in as text, nothing as markup.

const DEPTH = 6;

/** @param {string} tag @param {Record<string, string>} attributes @param {...(Node | string)} children */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Words of the document; what stands in backticks is code. */
function words(text) {
  return (text ?? "").split("`").map((part, index) => (index % 2 ? make("code", {}, part) : part));
}

/** What a reference names. */
function followed(whole, part) {
  let found = part ?? {};
  while (found.$ref) found = found.$ref.slice(2).split("/").reduce((at, name) => at[name], whole);
  return found;
}

/** A schema in one line of words. */
export function typeOf(whole, schema, depth = DEPTH) {
  const found = followed(whole, schema);
  const inner = (one) => (depth > 0 ? typeOf(whole, one, depth - 1) : "…");
  if (found.const !== undefined) return JSON.stringify(found.const);
  if (found.enum) return found.enum.map((one) => JSON.stringify(one)).join(" | ");
  const either = found.anyOf ?? found.oneOf;
  if (either) return [...new Set(either.map(inner))].join(" | ");
  const types = [found.type ?? "any"].flat();
  if (types.includes("array")) return `list of ${inner(found.items)}`;
  const limits = [
    found.minimum !== undefined && found.maximum !== undefined ? `${found.minimum} to ${found.maximum}` : "",
    found.maxLength === undefined ? "" : `at most ${found.maxLength} characters`,
    found.format ?? "",
  ].filter(Boolean);
  return types.join(" | ") + (limits.length ? ` (${limits.join(", ")})` : "");
}

function fields(whole, schema) {
  const found = followed(whole, schema);
  if (!found.properties) return [make("p", { class: "type" }, typeOf(whole, found))];
  const rows = Object.entries(found.properties).map(([name, one]) => {
    const must = found.required?.includes(name) ? "path must" : "path";
    const about = [one.description, followed(whole, one).description].find(Boolean) ?? "";
    const type = make("span", { class: "type" }, typeOf(whole, one));
    return make("tr", {}, make("td", {}, make("span", { class: must }, name)), make("td", {}, type, about ? make("div", {}, ...words(about)) : ""));
  });
  return [make("table", {}, ...rows)];
}

function bodies(whole, title, content) {
  return Object.entries(content ?? {}).flatMap(([type, one]) => [
    make("h3", {}, `${title} · ${type}`),
    ...(type === "text/event-stream" ? [] : fields(whole, one.schema)),
    ...(one.example === undefined ? [] : [make("pre", {}, JSON.stringify(one.example, null, 2))]),
  ]);
}

function answers(whole, responses) {
  const rows = Object.entries(responses).map(([status, one]) => {
    const found = followed(whole, one);
    const types = Object.keys(found.content ?? {}).join(", ");
    return make("tr", {}, make("td", { class: "path" }, status), make("td", {}, ...words(found.description), make("div", { class: "type" }, types)));
  });
  return make("table", {}, ...rows);
}

function credentials(operation) {
  if (!operation.security.length) return "none needed";
  return operation.security.map((one) => Object.keys(one).join(" and ") || "none").join(", or ");
}

function shown(whole, path, verb, operation) {
  const isSocket = "101" in operation.responses;
  const kind = isSocket ? "socket" : verb;
  const parameters = { properties: {}, required: [] };
  for (const one of operation.parameters ?? []) {
    parameters.properties[`${one.name} (${one.in})`] = { ...one.schema, description: one.description };
    if (one.required) parameters.required.push(`${one.name} (${one.in})`);
  }
  const inside = make(
    "div",
    { class: "inside" },
    ...(operation.description ? [make("p", {}, ...words(operation.description))] : []),
    make("h3", {}, "Credentials"),
    make("span", {}, credentials(operation)),
    ...(operation.parameters ? [make("h3", {}, "Parameters"), ...fields(whole, parameters)] : []),
    ...bodies(whole, "Body", operation.requestBody?.content),
    make("h3", {}, "Answers"),
    answers(whole, operation.responses),
    ...bodies(whole, "Answer", followed(whole, operation.responses["200"] ?? operation.responses["201"]).content),
  );
  const summary = make(
    "summary",
    {},
    make("span", { class: `verb ${kind}` }, isSocket ? "SOCKET" : verb.toUpperCase()),
    make("span", { class: "path" }, path),
    make("span", { class: "about" }, ...words(operation.summary)),
  );
  return make("details", { class: "operation", id: operation.operationId }, summary, inside);
}

function draw(whole) {
  const groups = whole.tags.map((tag) => {
    const group = make("section", { id: `tag-${tag.name}` }, make("h2", {}, tag.name), make("p", {}, ...words(tag.description)));
    for (const [path, item] of Object.entries(whole.paths)) {
      for (const [verb, operation] of Object.entries(item)) {
        if (operation.tags.includes(tag.name)) group.append(shown(whole, path, verb, operation));
      }
    }
    return group;
  });
  document.querySelector("#operations").replaceChildren(...groups.filter((group) => group.querySelector("details")));
  document.querySelector("#tags").replaceChildren(...whole.tags.map((tag) => make("a", { href: `#tag-${tag.name}` }, tag.name)));
}

function filter(wanted) {
  const sought = wanted.trim().toLowerCase();
  for (const group of document.querySelectorAll("section")) {
    let any = false;
    for (const one of group.querySelectorAll("details")) {
      one.hidden = !one.textContent.toLowerCase().includes(sought);
      any ||= !one.hidden;
    }
    group.hidden = !any;
  }
}

/** An address with #name opens that operation. */
function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) {
    named.open = true;
    named.scrollIntoView();
  }
}

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`the gateway answered ${response.status}`);
  draw(await response.json());
  document.querySelector("#filter").addEventListener("input", (event) => filter(event.target.value));
  addEventListener("hashchange", openNamed);
  openNamed();
} catch (error) {
  document.querySelector("#operations").replaceChildren(make("p", { class: "note", role: "alert" }, `The document cannot be read: ${error.message}`));
}
