"use strict";
// Shared by all pages. Every page is complete without this script.

// Times: UTC, or the reader's zone.
(() => {
  const button = document.querySelector("[data-zone]");
  const KEY = "meeting-assets zone";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "local time";
  const local = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });
  const remembered = {
    // A page that is opened from disk may have no storage.
    read() { try { return localStorage.getItem(KEY); } catch { return null; } },
    write(value) { try { localStorage.setItem(KEY, value); } catch { /* The choice lasts for this page. */ } },
  };

  function show(isLocal) {
    for (const time of document.querySelectorAll("time[datetime]:not([data-day])")) {
      time.dataset.utc ??= time.textContent;
      time.textContent = isLocal ? local.format(new Date(time.dateTime)) : time.dataset.utc;
    }
    button.textContent = isLocal ? `Times in ${zone}` : "Times in UTC";
    button.title = isLocal ? "Show times in UTC" : `Show times in ${zone}`;
    button.setAttribute("aria-pressed", String(isLocal));
  }

  let isLocal = remembered.read() === "local";
  button.hidden = zone === "UTC";
  button.addEventListener("click", () => {
    isLocal = !isLocal;
    remembered.write(isLocal ? "local" : "UTC");
    show(isLocal);
  });
  show(isLocal);
})();

// The state of filters and lists stands in the fragment of the address. So it survives Back, and a copied address shows
// the same rows. A server never receives fragments, so it learns no name that a reader types.
const pageState = {
  // None for a fragment that names a place of the page.
  read() {
    const text = location.hash.slice(1);
    return text && !text.includes("=") ? null : new URLSearchParams(text);
  },

  // Empty values are removed.
  write(values) {
    const state = this.read() ?? new URLSearchParams();
    for (const [name, value] of Object.entries(values)) {
      if (value) state.set(name, value); else state.delete(name);
    }
    const text = String(state);
    if (text === location.hash.slice(1)) return;
    const address = text ? `#${text}` : location.pathname + location.search;
    // Browsers limit how often an address may change; the last change before the page is left counts.
    try { history.replaceState(history.state, "", address); } catch { /* The rows are shown in any case. */ }
  },
};

// The link to the content keeps the state in the address.
document.querySelector("a.skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.querySelector("main").focus();
  document.querySelector("main").scrollIntoView();
});
