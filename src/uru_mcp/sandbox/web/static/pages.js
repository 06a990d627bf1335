// What a page does beside showing: copy, forget a secret when it is left, follow the activity. Everything works without.
"use strict";

const say = (text) => {
  const place = document.querySelector("[data-said]");
  if (place) place.textContent = text;
};

const select = (element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
};

const copy = async (button) => {
  const source = document.getElementById(button.dataset.copy);
  const label = button.textContent;
  try {
    await navigator.clipboard.writeText(source.textContent);
    button.textContent = "Copied";
    say("Copied.");
    setTimeout(() => { button.textContent = label; }, 2000);
  } catch {
    select(source);
    say("This browser does not allow it. The text is selected: copy it with the keyboard.");
    button.textContent = "Selected: copy it with the keyboard";
  }
};

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
}

// Browsers may keep a page that was left, to show it again on "back".
const forget = () => {
  for (const secret of document.querySelectorAll("[data-secret]")) secret.textContent = "Shown once, and gone";
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = true;
};
addEventListener("pagehide", forget);

// "Reload" and "back" then show the key's own page, instead of asking whether to send the form once more.
const shown = document.querySelector("[data-afterwards]");
if (shown) history.replaceState(null, "", shown.dataset.afterwards);

// Sent before the page is loaded, it takes the place of the link in the browser's history.
const handover = document.querySelector("form[data-submit]");
if (handover) handover.requestSubmit();

const EACH = 2000; // milliseconds

const follow = (list) => {
  const state = document.querySelector("[data-live-state]");
  let shown = list.innerHTML;
  state.textContent = "Live";
  state.classList.add("on");

  const stop = (why) => {
    state.textContent = why;
    state.classList.remove("on");
  };

  const look = async () => {
    if (document.hidden || list.contains(document.activeElement)) return setTimeout(look, EACH);
    try {
      const answer = await fetch(list.dataset.live, { cache: "no-store", redirect: "error" });
      if (answer.status === 401) return stop("Your session has ended. Reload the page.");
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.text();
      if (found !== shown) list.innerHTML = found; // the server has escaped what strangers wrote
      shown = found;
      state.textContent = "Live";
      state.classList.add("on");
    } catch {
      stop("The sandbox does not answer. Trying again.");
    }
    return setTimeout(look, EACH);
  };
  setTimeout(look, EACH);
};

const live = document.querySelector("[data-live]");
if (live) follow(live);
