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
