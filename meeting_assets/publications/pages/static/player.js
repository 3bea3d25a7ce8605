
// The page of a meeting: the player of stored audio and video. Lanes, times and words move it.
(() => {
  const section = document.querySelector("section.player");
  if (!section) return;
  const [hint, missingText] = section.querySelectorAll("[role=status] span");
  const choice = section.querySelector("select");
  const lanes = document.querySelector(".lanes[data-end]");
  const slider = document.querySelector(".playhead input");
  let media = section.querySelector("audio, video");
  let wanted = 0; // seconds of the recording

  const startOf = (element) => Number(element.dataset.start);
  const now = () => media.currentTime + startOf(media);

  function seek(seconds) {
    wanted = Math.max(seconds, 0);
    const at = wanted - startOf(media);
    // A part of separate audio may begin later, or end earlier.
    media.currentTime = Math.min(Math.max(at, 0), media.duration || Math.max(at, 0));
  }

  // The playhead of the page follows; it knows what is said at its position.
  function follow() {
    wanted = now();
    if (!slider || document.activeElement === slider) return;
    slider.value = String(Math.floor(wanted));
    slider.dispatchEvent(new Event("input"));
  }

  function show(isPlayable) {
    section.querySelector(".media").hidden = !isPlayable;
    hint.hidden = !isPlayable;
    missingText.hidden = isPlayable;
  }

  const missing = () => show(false);

  function listen() {
    media.addEventListener("timeupdate", follow);
    media.addEventListener("error", missing);
    // The file may have failed to load before this script ran. (`networkState` says the same while a load begins.)
    if (media.error) missing();
  }

  function choose() {
    const option = choice.selectedOptions[0];
    const isPlaying = !media.paused;
    const next = document.createElement(option.dataset.kind);
    Object.assign(next, { controls: true, preload: "metadata", src: option.value });
    next.dataset.start = option.dataset.start;
    next.setAttribute("aria-labelledby", "player");
    media.pause();
    media.removeEventListener("timeupdate", follow);
    media.replaceWith(next);
    media = next;
    show(true);
    listen();
    media.addEventListener("loadedmetadata", () => {
      seek(wanted);
      if (isPlaying) media.play();
    }, { once: true });
  }

  // Words: the starts of the words of each entry, in tenths of a second.
  const times = JSON.parse(section.dataset.words);
  const entries = [...document.querySelectorAll("#entries .e")];

  function caretAt(x, y) {
    if (document.caretPositionFromPoint) {
      const found = document.caretPositionFromPoint(x, y);
      return found && { node: found.offsetNode, offset: found.offset };
    }
    const range = document.caretRangeFromPoint?.(x, y);
    return range && { node: range.startContainer, offset: range.startOffset };
  }

  // Seconds of the word at a click; null where the times of words are unknown.
  function wordAt(paragraph, event) {
    const steps = times[entries.indexOf(paragraph.closest(".e"))] ?? [];
    const caret = caretAt(event.clientX, event.clientY);
    if (!steps.length || caret?.node !== paragraph.firstChild) return null;
    const before = caret.node.data.slice(0, caret.offset);
    const count = (before.match(/\S+/g) ?? []).length - (/\S$/.test(before) ? 1 : 0);
    return steps.slice(0, Math.min(count, steps.length - 1) + 1).reduce((sum, step) => sum + step, 0) / 10;
  }

  document.addEventListener("click", (event) => {
    if (!getSelection().isCollapsed) return; // the reader selects text
    const paragraph = event.target.closest?.("#entries .e:not(.chat) p");
    const link = event.target.closest?.('a[href^="#t="]');
    if (paragraph) {
      const at = wordAt(paragraph, event);
      if (at !== null) seek(at);
    } else if (link) {
      seek(Number(link.dataset.t ?? link.hash.slice(3)));
    } else if (lanes && event.target.closest?.(".lanes[data-end] .lane svg")) {
      const box = lanes.querySelector(".over .track").getBoundingClientRect();
      seek((Number(lanes.dataset.end) * (event.clientX - box.left)) / box.width);
    }
  });
  // The keyboard moves the player by the playhead: Enter goes to a position.
  slider?.addEventListener("keydown", (event) => { if (event.key === "Enter") seek(Number(slider.value)); });
  slider?.addEventListener("change", () => seek(Number(slider.value)));

  show(true);
  if (choice) {
    choice.closest("p").hidden = false;
    choice.addEventListener("change", choose);
    // The browser may have restored another choice.
    addEventListener("pageshow", () => { if (choice.selectedIndex > 0) choose(); });
  }
  listen();
  const hash = /^#t=(\d+(?:\.\d+)?)$/.exec(location.hash);
  if (hash) media.addEventListener("loadedmetadata", () => seek(Number(hash[1])), { once: true });
})();
