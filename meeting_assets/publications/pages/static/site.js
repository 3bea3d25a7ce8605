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

// Lists: sorting by the heads of columns, filters, and rows that are laid out on request.
(() => {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  function listOf(table) {
    const bodies = [...table.tBodies];
    const rows = bodies.flatMap((body) => [...body.rows]);
    const form = document.querySelector(`form[data-filters="${table.id}"]`) ?? null;
    return {
      table, rows, form,
      body: bodies[0],
      more: bodies[1],
      step: Number(form?.dataset.step ?? rows.length) || rows.length,
      limit: 0,
      column: -1,
      isDescending: false,
      heads: [...table.tHead.rows[0].cells],
      values: new Map(), // perf: the text of a cell is read once, when its column is first sorted or filtered
    };
  }

  function valuesOf(list, column) {
    if (!list.values.has(column)) {
      list.values.set(column, new Map(list.rows.map((row) => [row, valueOf(row.cells[column])])));
    }
    return list.values.get(column);
  }

  function valueOf(cell) {
    const sort = cell.dataset.sort ?? cell.querySelector("time")?.dateTime ?? cell.textContent.trim();
    if (sort === "" || sort === "\u2013") return null;
    const number = Number(sort);
    return Number.isNaN(number) ? sort : number;
  }

  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

  function compared(one, other) {
    return typeof one === "number" && typeof other === "number" ? one - other : collator.compare(one, other);
  }

  function sorted(list, rows) {
    if (list.column < 0) return rows;
    const values = valuesOf(list, list.column);
    const sign = list.isDescending ? -1 : 1;
    return rows.sort((one, other) => {
      const [a, b] = [values.get(one), values.get(other)];
      // Unknown values are last in both directions.
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * compared(a, b);
    });
  }

  // The text that the title and name filters search, per row.
  function textOf(list, row, part) {
    row.searched ??= {};
    return (row.searched[part] ??= fold(
      part === "title"
        ? (row.querySelector("th[scope=row] a, th[scope=row]")?.textContent ?? "")
        : (row.querySelector("td.people")?.textContent ?? ""),
    ));
  }

  // Rows show some names only: the others are found by the positions of the persons whose names match.
  function personFilter(list, name) {
    const wanted = fold(name);
    const positions = new Set();
    for (const option of list.form.querySelectorAll("#people option")) {
      if (fold(option.value).includes(wanted)) positions.add(option.dataset.position);
    }
    return (row) =>
      (row.dataset.people ?? "").split(" ").some((each) => positions.has(each)) ||
      textOf(list, row, "people").includes(wanted);
  }

  const FILTERS = {
    title: (list, text) => (row) => textOf(list, row, "title").includes(fold(text)),
    person: personFilter,
    series: (_, position) => (row) => row.dataset.series === position,
    platform: (_, platform) => (row) => row.dataset.platform === platform,
    key: (_, key) => (row) => fold(row.dataset.keys ?? "").includes(fold(key)),
    from: (_, day) => (row) => row.dataset.day >= day,
    to: (_, day) => (row) => row.dataset.day <= day,
    data: (_, kind) => (row) => Boolean(row.querySelector(".warning")) === (kind === "notes"),
  };

  function filtersOf(list) {
    if (!list.form) return [];
    return [...new FormData(list.form)]
      .filter(([name, value]) => value.trim() && FILTERS[name])
      .map(([name, value]) => FILTERS[name](list, value.trim()));
  }

  function show(list) {
    const filters = filtersOf(list);
    const found = sorted(list, list.rows.filter((row) => filters.every((filter) => filter(row))));
    const shown = found.slice(0, list.limit);
    const kept = new Set(shown);
    const hidden = list.rows.filter((row) => !kept.has(row));
    if (list.more) {
      list.more.append(...hidden.filter((row) => row.parentNode !== list.more));
    } else {
      for (const row of list.rows) row.hidden = !kept.has(row);
    }
    list.body.append(...shown);
    state(list, found.length, shown.length);
  }

  function state(list, found, shown) {
    const count = list.form?.parentNode.querySelector("[data-count]");
    if (count) {
      const all = list.rows.length;
      const part = shown < found ? `; the first ${shown.toLocaleString("en")} are shown` : "";
      const isAll = found === all && !part;
      count.textContent = isAll ? "" : `${found.toLocaleString("en")} of ${all.toLocaleString("en")} match${part}.`;
    }
    const buttons = list.form?.parentNode.querySelector("[data-more]");
    if (buttons) buttons.hidden = shown >= found;
  }

  function sortBy(list, column, isDescending) {
    list.column = column;
    list.isDescending = isDescending;
    for (const [index, head] of list.heads.entries()) {
      if (index === column) head.setAttribute("aria-sort", isDescending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
      const button = head.querySelector("button.sort");
      button.textContent = index === column ? (isDescending ? "↓" : "↑") : "↕";
    }
    show(list);
  }

  function addSorting(list) {
    const choice = list.form?.elements.namedItem("sort");
    list.heads.forEach((head, column) => {
      const words = head.textContent.trim();
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.setAttribute("aria-label", `Sort by ${words}`);
      const current = head.getAttribute("aria-sort");
      button.textContent = current ? (current === "descending" ? "↓" : "↑") : "↕";
      const descendsFirst = head.dataset.first === "descending";
      button.addEventListener("click", () => {
        const now = head.getAttribute("aria-sort");
        sortBy(list, column, now ? now === "ascending" : descendsFirst);
      });
      head.append(" ", button);
      choice?.append(new Option(words, String(column)));
    });
    choice?.addEventListener("change", () => {
      const column = Number(choice.value);
      sortBy(list, column, list.heads[column].dataset.first === "descending");
    });
  }

  for (const table of document.querySelectorAll("table[data-sortable]")) {
    const list = listOf(table);
    list.limit = list.step;
    addSorting(list);
    if (!list.form) continue;
    const again = () => { list.limit = list.step; show(list); };
    list.form.addEventListener("submit", (event) => event.preventDefault());
    list.form.addEventListener("input", again);
    list.form.addEventListener("reset", () => setTimeout(again));
    const buttons = list.form.parentNode.querySelector("[data-more]");
    buttons?.addEventListener("click", (event) => {
      if (!event.target.matches("button")) return;
      list.limit = event.target.matches("[data-all]") ? Infinity : list.limit + list.step;
      show(list);
    });
    // The browser may have restored what was entered before.
    window.addEventListener("pageshow", () => show(list));
  }
})();

// Definitions: rows that contain the words.
(() => {
  const form = document.querySelector("form[data-find]");
  if (!form) return;
  const sections = [...document.querySelectorAll(`#${form.dataset.find} section`)];
  const count = document.querySelector("[data-count]");
  const find = () => {
    const words = form.elements.title.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const section of sections) {
      let ofSection = 0;
      for (const row of section.querySelectorAll("tbody tr")) {
        const text = row.textContent.toLowerCase();
        row.hidden = !words.every((word) => text.includes(word));
        ofSection += row.hidden ? 0 : 1;
      }
      section.hidden = ofSection === 0;
      found += ofSection;
    }
    count.textContent = words.length ? `${found} columns match.` : "";
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", find);
  find();
})();
