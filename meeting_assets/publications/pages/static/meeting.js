
// The page of a meeting: links to a time, the playhead, and search in the transcript.
(() => {
  const entries = [...document.querySelectorAll("#entries .e")];
  if (!entries.length && !document.querySelector(".lanes[data-end]")) return;
  const timed = entries
    .map((entry) => ({ entry, link: entry.querySelector("a.t") }))
    .filter(({ link }) => link)
    .map(({ entry, link }) => ({ entry, at: Number(link.hash.slice(3)) }));
  const clock = (seconds) => {
    const s = Math.floor(seconds);
    const two = (n) => String(n).padStart(2, "0");
    return `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
  };

  // The last entry that begins by a time; entries are in the order of their times.
  function entryAt(seconds) {
    let low = 0, high = timed.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (timed[middle].at <= seconds) low = middle + 1; else high = middle;
    }
    return timed[Math.max(low - 1, 0)]?.entry;
  }

  function mark(entry) {
    document.querySelector(".e.here")?.classList.remove("here");
    entry.classList.add("here");
  }

  function show(entry) {
    mark(entry);
    entry.scrollIntoView({ block: "center" });
    // Groups above may get their real heights only now.
    requestAnimationFrame(() => entry.scrollIntoView({ block: "center" }));
  }

  function goTo(seconds) {
    movePlayhead(seconds);
    const entry = document.getElementById(`t=${seconds}`) ?? entryAt(seconds);
    if (!entry) return;
    show(entry);
    entry.querySelector("a.t").focus({ preventScroll: true });
  }

  function followHash() {
    const found = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
    if (found) goTo(Number(found[1]));
  }

  // The playhead.
  const lanes = document.querySelector(".lanes[data-end]");
  const playhead = document.querySelector(".playhead");
  const slider = playhead?.querySelector("input");
  const line = lanes?.querySelector(".line");
  const track = lanes?.querySelector(".over .track");
  const end = Number(lanes?.dataset.end);

  function movePlayhead(seconds) {
    if (!lanes) return;
    const at = Math.min(Math.max(seconds, 0), end);
    slider.value = String(at);
    line.hidden = false;
    line.style.left = `${(100 * at) / end}%`;
    const entry = entryAt(at);
    const name = entry && nameOf(entry);
    const said = entry?.querySelector("p").textContent.slice(0, 100) ?? "";
    playhead.querySelector("output").textContent = name ? `${clock(at)} ${name}: ${said}` : clock(at);
    slider.setAttribute("aria-valuetext", name ? `${clock(at)}, ${name}` : clock(at));
  }

  // A paragraph without a name continues the one before.
  function nameOf(entry) {
    let each = entry;
    while (each && !each.querySelector("b")) each = entries[entries.indexOf(each) - 1];
    return each?.querySelector("bdi").textContent;
  }

  function setUpPlayhead() {
    playhead.hidden = false;
    document.querySelector(".script-only").hidden = false;
    lanes.classList.add("live");
    const button = playhead.querySelector("button");
    button.hidden = !timed.length;
    slider.addEventListener("input", () => movePlayhead(Number(slider.value)));
    slider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5, PageDown: -60, PageUp: 60 };
      if (event.key in steps) movePlayhead(Number(slider.value) + steps[event.key]);
      else if (event.key === "Enter") goTo(Number(slider.value));
      else return;
      event.preventDefault();
    });
    button.addEventListener("click", () => goTo(Number(slider.value)));
    lanes.addEventListener("click", (event) => {
      if (!event.target.closest(".lane svg")) return;
      const box = track.getBoundingClientRect();
      goTo(Math.floor((end * (event.clientX - box.left)) / box.width));
    });
    movePlayhead(0);
    line.hidden = true;
  }

  // Search.
  const form = document.querySelector("form.find");
  const MOST_RANGES = 5000;
  const TYPING_PAUSE_MS = 150;
  let matches = [];
  let current = -1;
  let waiting = null; // the search of words that are still being typed

  // Shows the first match, while the field keeps the focus.
  function find(text) {
    clearTimeout(waiting);
    waiting = null;
    matches = [];
    current = -1;
    if (text) {
      const pattern = new RegExp(text.replace(/[.*+?^${}()|[\]\\\/-]/g, "\\$&").replace(/\s+/g, "\\s+"), "gi");
      for (const entry of entries) {
        const node = entry.querySelector("p").firstChild;
        if (node) for (const found of node.data.matchAll(pattern)) matches.push({ entry, node, found });
      }
    }
    if (matches.length) step(1); else { paint(); report(); }
  }

  const rangeOf = ({ node, found }) => {
    const range = new Range();
    range.setStart(node, found.index);
    range.setEnd(node, found.index + found[0].length);
    return range;
  };

  function paint() {
    if (window.Highlight && CSS.highlights) {
      CSS.highlights.set("found", new Highlight(...matches.slice(0, MOST_RANGES).map(rangeOf)));
      if (current < 0) CSS.highlights.delete("current");
      else CSS.highlights.set("current", new Highlight(rangeOf(matches[current])));
    } else {
      for (const entry of document.querySelectorAll(".e.found")) entry.classList.remove("found");
      for (const { entry } of matches) entry.classList.add("found");
    }
  }

  function report() {
    const status = form.querySelector("[role=status]");
    const count = matches.length.toLocaleString("en");
    if (!form.querySelector("input").value) status.textContent = "";
    else if (!matches.length) status.textContent = "No match";
    else status.textContent = `${(current + 1).toLocaleString("en")} of ${count}`;
  }

  function step(by) {
    if (!matches.length) return;
    current = (current + by + matches.length) % matches.length;
    show(matches[current].entry);
    paint();
    report();
  }

  function setUpSearch() {
    form.hidden = false;
    const input = form.querySelector("input");
    const findNow = () => find(input.value.trim());
    input.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(findNow, TYPING_PAUSE_MS);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault();
        if (waiting === null) step(event.shiftKey ? -1 : 1); else findNow();
      } else if (event.key === "Escape") {
        event.preventDefault();
        input.value = "";
        findNow();
      }
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const button of form.querySelectorAll("button")) {
      button.addEventListener("click", () => step(Number(button.dataset.step)));
    }
  }

  if (lanes) setUpPlayhead();
  if (form) setUpSearch();
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.('a[href^="#t="]');
    if (!link) return;
    event.preventDefault();
    const hash = link.dataset.t ? `#t=${Math.floor(Number(link.dataset.t))}` : link.hash;
    // A page from disk may not change its history.
    try { history.pushState(null, "", hash); } catch { /* The jump is enough. */ }
    goTo(Number(hash.slice(3)));
  });
  addEventListener("hashchange", followHash);
  addEventListener("popstate", followHash);
  followHash();
  // The browser itself goes to the anchor when the page is loaded, and takes the focus away.
  addEventListener("load", followHash);
})();
