// The card of what waits for a person. The token stands in the result's `_meta` alone and goes back with the decision.
"use strict";
const DECISION = "uru-mcp/decision";
const TOOL = "uru_decide";
const OVER = { yes: ["You said yes", "good"], no: ["You said no", "soft"], over: ["No longer open", "soft"] };
let shown = null; // what is asked about now

view.show = (result) => {
  const asked = result._meta?.[DECISION];
  if (!asked?.token) return render(outcome(result));
  shown = asked;
  question(asked);
  look(asked);
};
view.cancelled = () => render(el("p", { class: "quiet", text: "The call was cancelled." }));

// A card may be opened again long after: what is decided or over has no buttons.
async function look(asked) {
  const state = await ask("tools/call", { name: TOOL, arguments: { token: asked.token } }).then(
    (answer) => answer.structuredContent?.decision?.state,
    () => undefined,
  );
  if (asked === shown && OVER[state]) render(head(asked, ...OVER[state]), body(asked));
}

function head(asked, word, tone) {
  return el(
    "header",
    {},
    el("div", {}, el("h1", { text: asked.title }), el("p", { class: "quiet", text: asked.app === asked.title ? asked.tool : [asked.app, asked.tool].filter(Boolean).join(" · ") })),
    pill(word, tone),
  );
}

function body(asked) {
  const who = [asked.step ? `Step “${asked.step}”` : null, asked.meant_for ? `meant for ${asked.meant_for}` : null].filter(Boolean);
  const hidden = asked.hidden_arguments ? el("div", {}, el("dt", { text: `${count(asked.hidden_arguments)} more arguments are not shown.` })) : null;
  const rows = (asked.arguments || []).map(({ name, value, hidden }) =>
    el(
      "div",
      {},
      el("dt", { text: name }),
      el("dd", { text: value, tabindex: String(value).length > 300 ? 0 : null }),
      hidden ? el("dt", { text: `${count(hidden)} characters are not shown: they stand where it says …` }) : null,
    ),
  );
  return el(
    "div",
    { class: "notices" },
    asked.question ? el("blockquote", { text: asked.question }) : null,
    who.length ? el("p", { class: "quiet", text: who.join(", ") }) : null,
    rows.length || hidden ? el("dl", { class: "arguments", "aria-label": "Arguments" }, ...rows, hidden) : null,
  );
}

function question(asked) {
  const yes = el("button", { type: "button", class: "main", id: "yes", text: asked.yes || "Yes" });
  const no = el("button", { type: "button", id: "no", text: asked.no || "No" });
  const comment = asked.kind === "approval" ? el("textarea", { id: "comment", rows: 1, maxlength: 1000 }) : null;
  const decide = (decision) => send(asked, decision, comment?.value, [yes, no]);
  yes.addEventListener("click", () => decide("yes"));
  no.addEventListener("click", () => decide("no"));
  render(
    head(asked, asked.kind === "approval" ? "Waits for a decision" : "Not sent yet", "warn"),
    body(asked),
    comment ? el("label", {}, el("span", { text: "Comment, kept with the run (optional)" }), comment) : null,
    asked.consequence ? el("p", { class: "quiet", text: asked.consequence }) : null,
    el("div", { class: "actions" }, yes, no),
    el("p", { id: "said", class: "quiet", role: "status", text: asked.expires_at ? `Open until ${formatted(asked.expires_at, { timeStyle: "short" })}.` : "" }),
  );
}

async function send(asked, decision, comment, buttons) {
  const said = document.getElementById("said");
  buttons.forEach((button) => (button.disabled = true));
  said.textContent = "Telling Uru …";
  const told = { token: asked.token, decision, ...(comment ? { comment } : {}) };
  let result;
  try {
    result = await ask("tools/call", { name: TOOL, arguments: told });
  } catch (error) {
    said.textContent = `The host did not pass the decision on: ${error.message}`;
    buttons.forEach((button) => (button.disabled = false));
    return;
  }
  after(asked, decision, result);
}

function after(asked, decision, result) {
  const error = result.structuredContent?.error;
  const isOver = error?.code === "declined" && !error.user_decision;
  const [word, tone] = OVER[error?.state || (isOver ? "over" : decision)] || OVER.over;
  render(head(asked, word, tone), body(asked), outcome(result, decision));
  document.getElementById("outcome")?.focus();
  const content = (result.content || []).filter((one) => one.type === "text");
  ask("ui/update-model-context", { content }).catch(() => {}); // not every host passes it on
  if (result._meta?.[DECISION]?.token) view.show(result);
}

function outcome(result, decision) {
  const told = result.structuredContent || {};
  const isRefused = decision === "no" && told.error?.user_decision === "no"; // which the model is told as an error
  if ((result.isError || told.error) && !isRefused) return el("div", { id: "outcome", tabindex: -1, role: "status" }, plain(result));
  if (told.running) return line("The call goes on.");
  if (!decision) return line(isRun(told.data) ? runIs(told.data) : "Done. Nothing waits for you here.");
  const done = isRun(told.data) ? runIs(told.data) : decision === "yes" ? "Done." : "Nothing was sent.";
  const answer = decision === "yes" && told.data !== undefined && told.data !== null ? JSON.stringify(told.data, null, 1) : null;
  return el(
    "div",
    { id: "outcome", tabindex: -1, role: "status" },
    notice(decision === "no" ? "soft" : "good", done),
    answer ? el("details", {}, el("summary", { text: "Answer" }), el("p", { class: "plain quiet", text: answer })) : null,
  );
}

const line = (text) => el("p", { id: "outcome", class: "quiet", text });
const isRun = (data) => typeof data?.status === "string" && Array.isArray(data.events);
const runIs = ({ status }) => `The run is ${status.replaceAll("_", " ")}.`;

connect();
