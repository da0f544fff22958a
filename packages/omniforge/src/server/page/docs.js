// Shows /openapi.json. All of it goes in as text: nothing in the document is ever taken for markup.

/** An element with a class, and with text or elements in it. */
function make(name, className, ...children) {
  const element = document.createElement(name);
  if (className) element.className = className;
  element.append(...children.filter((child) => child !== undefined));
  return element;
}

/** A text in which what stands between backticks is code. */
function prose(text) {
  return text.split("`").map((piece, at) => (at % 2 === 0 ? piece : make("code", "", piece)));
}

const find = (id) => document.getElementById(id);

/** A schema as one would write it down: short, with links to the shapes that have names. */
function shape(schema, indent = "") {
  if (schema === undefined) return ["anything"];
  if (schema.$ref) {
    const name = schema.$ref.split("/").at(-1);
    const link = make("a", "", name);
    link.href = `#shape-${name}`;
    return [link];
  }
  if ("const" in schema) return [JSON.stringify(schema.const)];
  if (schema.enum) return [schema.enum.map((one) => JSON.stringify(one)).join(" | ")];
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return choices.flatMap((one, at) => [at === 0 ? "" : `\n${indent}| `, ...shape(one, indent)]);
  if (schema.type === "array") return [...shape(schema.items, indent), "[]"];
  if (schema.type === "object" && schema.properties) return object(schema, indent);
  if (schema.type === "object")
    return ["{ [name]: ", ...shape(schema.additionalProperties || undefined, indent), " }"];
  return [[schema.type ?? "anything"].flat().join(" | ")];
}

function object({ properties, required = [] }, indent) {
  const inner = `${indent}  `;
  const lines = Object.entries(properties).flatMap(([name, member]) => [
    `${inner}${name}${required.includes(name) ? "" : "?"}: `,
    ...shape(member, inner),
    member.description ? make("span", "quiet", "  // ", ...prose(member.description)) : "",
    "\n",
  ]);
  return lines.length === 0 ? ["{}"] : ["{\n", ...lines, `${indent}}`];
}

function contents(content) {
  return Object.entries(content ?? {}).map(([type, { schema }]) =>
    make("div", "", make("span", "quiet", type), make("pre", "", ...shape(schema))),
  );
}

function parameters(list) {
  if (list.length === 0) return undefined;
  const rows = list.map(({ name, in: place, required, description, schema }) =>
    make(
      "tr",
      "",
      make("td", "", name),
      make("td", "quiet", `${place}${required ? ", required" : ""}`),
      make("td", "", make("code", "", ...shape(schema)), make("div", "quiet", ...prose(description ?? ""))),
    ),
  );
  return make("div", "", make("h4", "", "Parameters"), make("table", "parameters", ...rows));
}

function answers(responses) {
  const all = Object.entries(responses);
  const rows = all
    .filter(([status]) => Number(status) < 400)
    .map(([status, { description, content }]) =>
      make("tr", "", make("td", "", status), make("td", "", ...prose(description), ...contents(content))),
    );
  const problems = all
    .filter(([status]) => Number(status) >= 400)
    .map(([status, { description }]) => make("span", "problem", make("b", "", status), ` ${description}`));
  const list = make("div", "problems", make("span", "quiet", "Problems"), ...problems);
  return make("div", "", make("h4", "", "Answers"), make("table", "", ...rows), list);
}

function section(path, method, operation) {
  const { operationId, summary, description, requestBody } = operation;
  const title = make("h3", "", make("span", `method ${method}`, method.toUpperCase()), path);
  const role = operation["x-least-role"];
  const whole = make(
    "section",
    "",
    title,
    make("div", "", ...prose(summary)),
    description ? make("div", "quiet", ...prose(description)) : undefined,
    make("div", "quiet", role ? `Role: ${role}` : "Without a key"),
    parameters(operation.parameters),
    requestBody ? make("h4", "", "Body") : undefined,
    ...contents(requestBody?.content),
    answers(operation.responses),
  );
  whole.id = operationId;
  return whole;
}

function show(api) {
  find("about").replaceChildren(
    ...prose(`${api.info.description} Version ${api.info.version}. `),
    Object.assign(make("a", "", "openapi.json"), { href: "/openapi.json" }),
  );
  const nav = document.querySelector("nav");
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  for (const { name } of api.tags) {
    nav.append(make("h2", "", name));
    for (const { path, method, operation } of operations.filter((one) => one.operation.tags.includes(name))) {
      nav.append(Object.assign(make("a", "", operation.operationId), { href: `#${operation.operationId}` }));
      find("operations").append(section(path, method, operation));
    }
  }
  for (const [name, schema] of Object.entries(api.components.schemas)) {
    const about = schema.description ? make("div", "quiet", ...prose(schema.description)) : undefined;
    const one = make("section", "", make("h3", "", name), about, make("pre", "", ...shape(schema)));
    one.id = `shape-${name}`;
    find("components").append(one);
  }
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  show(await response.json());
} catch (error) {
  find("about").textContent = `The document could not be loaded: ${error.message}`;
}
