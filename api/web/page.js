// The operator's page: devices, one device, its operations. It only uses the public API, builds
// every element from text (never from HTML), and keeps the token in this tab.
"use strict";

const API = "/api/v1";
const PAGE = 50;
const REFRESH_MS = 5000;
const OPERATIONS = [
  ["reboot", "Reboot"],
  ["sync", "Read and compare"],
  ["reconf", "Send configuration"],
  ["factory", "Factory reset"],
  ["device_factory", "Reset to template"],
];
const RESETS = new Set(["factory", "device_factory"]);
const FACTS = [
  ["manufacturer", "Manufacturer"],
  ["product_class", "Product class"],
  ["serial_number", "Serial number"],
  ["software_version", "Software"],
  ["hardware_version", "Hardware"],
  ["address", "Address"],
  ["connection_request_url", "Connection request URL"],
  ["organization_name", "Organization"],
  ["type_name", "Type"],
  ["location_name", "Location"],
  ["customer_id", "Customer"],
  ["update_frequency", "Inform interval (s)"],
  ["uptime", "Uptime"],
  ["status_change", "Status since"],
  ["last_connection", "Last Inform"],
  ["last_configuration", "Last configured"],
  ["pending_settings", "Pending"],
  ["description", "Description"],
];

const state = { offset: 0, count: 0, device: null, timer: null };
const $ = (id) => document.getElementById(id);

function element(tag, text = "", className = "", ...children) {
  const made = document.createElement(tag);
  made.textContent = text ?? "";
  made.className = className;
  made.append(...children);
  return made;
}

function button(text, onClick) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", guarded(onClick));
  return made;
}

function moment(text) {
  return text ? new Date(text).toLocaleString() : "";
}

// --- The API ---------------------------------------------------------------------------------

class Refusal extends Error {}

async function ask(method, path, { query = {}, body } = {}) {
  const url = new URL(API + path, location.origin);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null) url.searchParams.set(name, value);
  }
  const headers = { Authorization: `Bearer ${sessionStorage.getItem("token")}` };
  if (body) headers["Content-Type"] = "application/json";
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  if (answer.status === 401) {
    leave();
    throw new Refusal("The token was not accepted.");
  }
  const told = answer.status === 204 ? null : await answer.json();
  if (!answer.ok) throw new Refusal(reason(told, answer.status));
  return told;
}

function reason(told, status) {
  if (told && told.detail) return told.detail;
  const fields = Object.entries(told ?? {});
  return fields.length ? fields.map(([name, texts]) => `${name}: ${flat(texts)}`).join(" ") : `HTTP ${status}`;
}

function flat(texts) {
  return typeof texts === "string" ? texts : Object.values(texts).map(flat).join(" ");
}

function guarded(action) {
  return async (event) => {
    event?.preventDefault?.();
    try {
      if (event) notice("");
      await action(event);
    } catch (error) {
      notice(error instanceof Refusal ? error.message : `The server cannot be reached (${error.message}).`);
    }
  };
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// --- Who -------------------------------------------------------------------------------------

function enter(event) {
  event.preventDefault();
  sessionStorage.setItem("token", $("token").value.trim());
  $("token").value = "";
  show();
}

function leave() {
  sessionStorage.removeItem("token");
  clearInterval(state.timer);
  state.device = null;
  $("devices").replaceChildren();
  show();
}

function show() {
  const isKnown = sessionStorage.getItem("token") !== null;
  $("enter").hidden = isKnown;
  $("main").hidden = !isKnown;
  $("leave").hidden = !isKnown;
  if (isKnown) follow();
}

async function health() {
  const answer = await fetch("/health").catch(() => null);
  const isGood = answer?.ok ?? false;
  $("health").textContent = isGood ? "healthy" : "failing";
  $("health").className = `badge ${isGood ? "good" : "bad"}`;
}

// --- The list --------------------------------------------------------------------------------

async function list() {
  const query = {
    limit: PAGE,
    offset: state.offset,
    search: $("search").value.trim(),
    status: $("status").value,
    pending: $("pending").checked ? "true" : "",
  };
  const told = await ask("GET", "/inventory_device/", { query });
  state.count = told.count;
  const last = Math.min(state.offset + PAGE, told.count);
  $("count").textContent = told.count ? `${state.offset + 1} to ${last} of ${told.count}` : "No devices";
  $("previous").disabled = told.previous === null;
  $("next").disabled = told.next === null;
  $("devices").replaceChildren(...told.results.map(row));
}

function row(device) {
  const name = element("td", "", "", button(device.name, () => (location.hash = `#${device.id}`)));
  return element(
    "tr", "", "",
    name,
    element("td", "", "", status(device)),
    element("td", [device.manufacturer, device.product_class].filter(Boolean).join(" ")),
    element("td", device.software_version),
    element("td", device.address),
    element("td", moment(device.last_connection)),
    element("td", device.pending_settings),
  );
}

function status(device) {
  return element("span", device.status, `badge ${device.status === "Up" ? "good" : "bad"}`);
}

function turn(pages) {
  state.offset = Math.max(0, state.offset + pages * PAGE);
  return list();
}

// --- One device ------------------------------------------------------------------------------

async function detail() {
  const id = state.device;
  const [device, operations] = await Promise.all([
    ask("GET", `/inventory_device/${id}/`),
    ask("GET", "/inventory_device_headless_operation/", { query: { device_id: id, limit: 20 } }),
  ]);
  if (id !== state.device) return; // another one was opened meanwhile
  $("name").textContent = device.name;
  $("badge").replaceWith(Object.assign(status(device), { id: "badge" }));
  $("facts").replaceChildren(...FACTS.flatMap(([field, label]) => fact(label, field, device[field])));
  $("operations").replaceChildren(...operations.results.map(operation));
}

function fact(label, field, value) {
  if (value === null || value === undefined || value === "") return [];
  const isMoment = field === "status_change" || field.startsWith("last_");
  return [element("dt", label), element("dd", isMoment ? moment(value) : String(value))];
}

function operation(told) {
  const colour = { completed: "good", failed: "bad", expired: "bad", cancelled: "" }[told.status] ?? "busy";
  const item = element(
    "li", "", "",
    element("strong", told.operation),
    " ",
    element("span", told.status, `badge ${colour}`),
    " ",
    element("span", moment(told.completed_at ?? told.created_at), "quiet"),
  );
  if (told.status === "scheduled" || told.status === "pending") {
    item.append(" ", button("Cancel", () => cancel(told)));
  }
  if (told.error) item.append(element("div", told.error.message, "bad"));
  if (told.variables?.length) item.append(variables(told.variables));
  if (told.result) item.append(element("div", JSON.stringify(told.result), "quiet"));
  return item;
}

function variables(told) {
  const rows = told.map(({ variable_name, value }) =>
    element("tr", "", "", element("td", variable_name), element("td", value === null ? "" : String(value))),
  );
  return element("table", "", "", element("tbody", "", "", ...rows));
}

async function start(kind, label) {
  if (RESETS.has(kind) && !confirm(`${label}: ${$("name").textContent}?`)) return;
  await ask("PUT", `/inventory_device_operation/${state.device}/`, { body: { operation: kind } });
  await detail();
}

async function queue(event) {
  const kind = event.submitter?.value ?? "get";
  const variable = { variable_name: $("path").value.trim() };
  if (kind === "set") variable.value = $("value").value;
  const body = { device_id: state.device, operation: kind, variables: [variable] };
  await ask("POST", "/inventory_device_headless_operation/", { body });
  await detail();
}

async function cancel(told) {
  const id = encodeURIComponent(told.id);
  await ask("DELETE", `/inventory_device_headless_operation/${id}/`);
  await detail();
}

// --- Where we are ----------------------------------------------------------------------------

function follow() {
  const id = Number.parseInt(location.hash.slice(1), 10);
  state.device = Number.isSafeInteger(id) && id > 0 ? id : null;
  $("list").hidden = state.device !== null;
  $("detail").hidden = state.device === null;
  refresh();
  clearInterval(state.timer);
  state.timer = setInterval(() => document.hidden || refresh(), REFRESH_MS);
}

const refresh = guarded(() => (state.device === null ? list() : detail()));

for (const [kind, label] of OPERATIONS) {
  $("actions").append(button(label, () => start(kind, label)));
}
$("enter").addEventListener("submit", enter);
$("leave").addEventListener("click", leave);
$("filter").addEventListener("submit", guarded(() => ((state.offset = 0), list())));
$("previous").addEventListener("click", guarded(() => turn(-1)));
$("next").addEventListener("click", guarded(() => turn(1)));
$("back").addEventListener("click", () => (location.hash = ""));
$("read").addEventListener("submit", guarded(queue));
window.addEventListener("hashchange", follow);
health();
show();
