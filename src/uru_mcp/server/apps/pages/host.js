// Speaks with the host: JSON-RPC over postMessage (SEP-1865). A view sets `view.show` before it calls `connect`.
"use strict";
const view = { show: () => {}, cancelled: () => {}, locale: undefined, timeZone: undefined };
const waiting = new Map();
let number = 0;

function post(message) {
  parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
}

function ask(method, params) {
  number += 1;
  post({ id: number, method, params });
  return new Promise((resolve, reject) => waiting.set(number, { resolve, reject }));
}

const told = {
  "ui/notifications/tool-result": (params) => view.show(params),
  "ui/notifications/tool-cancelled": () => view.cancelled(),
  "ui/notifications/host-context-changed": adapt,
};

addEventListener("message", ({ source, data }) => {
  if (source !== parent || !data || data.jsonrpc !== "2.0") return;
  if (data.method !== undefined) {
    if (told[data.method]) told[data.method](data.params || {});
    else if (data.id !== undefined && ["ping", "ui/resource-teardown"].includes(data.method)) post({ id: data.id, result: {} });
    else if (data.id !== undefined) post({ id: data.id, error: { code: -32601, message: "Method not found" } });
    return;
  }
  const call = waiting.get(data.id);
  waiting.delete(data.id);
  if (call) data.error ? call.reject(new Error(data.error.message)) : call.resolve(data.result);
});

// The host's theme, colours and fonts; without them, those of style.css for the theme of the system.
function adapt(context) {
  const root = document.documentElement;
  if (context.theme) root.dataset.theme = context.theme;
  for (const [name, value] of Object.entries(context.styles?.variables || {}))
    if (name.startsWith("--") && typeof value === "string") root.style.setProperty(name, value);
  view.locale = context.locale || view.locale;
  view.timeZone = context.timeZone || view.timeZone;
}

async function connect() {
  const hello = { protocolVersion: "2026-01-26", appInfo: { name: "uru-mcp", version: "1" }, appCapabilities: {} };
  try {
    adapt((await ask("ui/initialize", hello)).hostContext || {});
  } catch {
    // A host that has no context shows the view all the same.
  }
  post({ method: "ui/notifications/initialized", params: {} });
  let timer;
  new ResizeObserver(() => {
    clearTimeout(timer); // not a frame's time: a frame without height gets none
    timer = setTimeout(tellSize, 40);
  }).observe(document.body);
  tellSize();
}

function tellSize() {
  const height = Math.max(1, Math.ceil(document.documentElement.getBoundingClientRect().height));
  post({ method: "ui/notifications/size-changed", params: { width: innerWidth, height } });
}

// An element; what it says is always set as text, whoever wrote it, in the direction of its own script.
function el(name, { text, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined && value !== null) made.setAttribute(key, value);
  if (text !== undefined && text !== null) {
    made.textContent = String(text);
    made.dir = "auto";
    if (made.textContent.length > 600) made.classList.add("long"), (made.tabIndex = 0);
  }
  made.append(...children.filter((child) => child));
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const pill = (text, tone) => el("span", { class: `pill ${tone}`, text });
const count = (number) => Number(number).toLocaleString(view.locale || "en");

function formatted(moment, options) {
  const date = new Date(moment);
  if (!moment || Number.isNaN(date.getTime())) return moment ? String(moment) : "";
  return date.toLocaleString(view.locale || "en", { timeZone: view.timeZone, ...options });
}

const day = (moment) => formatted(moment, { dateStyle: "medium" });
const time = (moment) => formatted(moment, { dateStyle: "medium", timeStyle: "short" });

function render(...parts) {
  document.getElementById("card").replaceChildren(...parts.filter((part) => part));
}

const TOLD = "uru-mcp/told"; // in `_meta`: our sentences in the words for a person

// What an answer says where it is an error, or has none of the structure that a card needs.
function plain(result) {
  const error = result._meta?.[TOLD]?.error || result.structuredContent?.error;
  if (error) return notice("bad", error.message, error.fix);
  const texts = (result.content || []).filter((one) => one.type === "text").map((one) => one.text);
  return el("p", { class: "plain", text: texts.join("\n") || "There is nothing to show." });
}

function notice(tone, message, fix) {
  return el(
    "div",
    { class: `notice ${tone}` },
    el("p", { text: message }),
    fix ? el("p", { class: "quiet", text: fix }) : null,
  );
}
