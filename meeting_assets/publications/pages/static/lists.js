// Lists: sorting by the heads of columns, filters, and rows that are laid out on request.
(() => {
  const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

  function listOf(table) {
    const bodies = [...table.tBodies];
    const rows = bodies.flatMap((body) => [...body.rows]);
    const form = document.querySelector(`form[data-filters="${table.id}"]`) ?? null;
    const heads = [...table.tHead.rows[0].cells];
    return {
      table, rows, form, heads,
      body: bodies[0],
      more: bodies[1],
      step: Number(form?.dataset.step ?? rows.length) || rows.length,
      limit: 0,
      column: -1, // the order of the page
      isDescending: false,
      orders: heads.map((head) => head.getAttribute("aria-sort")),
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
    series: (list) => {
      const position = list.form.elements.series.selectedOptions[0].dataset.position;
      return (row) => row.dataset.series === position;
    },
    platform: (_, platform) => (row) => row.dataset.platform === platform,
    key: (_, key) => (row) => fold(row.dataset.keys ?? "").includes(fold(key)),
    from: (_, day) => (row) => row.dataset.day >= day,
    to: (_, day) => (row) => row.dataset.day <= day,
    data: (_, kind) => (row) => ("bad" in row.dataset) === (kind === "bad"),
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
    report(list, found.length, shown.length);
  }

  function report(list, found, shown) {
    const count = list.form?.parentNode.querySelector("[data-count]");
    if (count) {
      count.dataset.all ??= count.textContent;
      const part = shown < found ? `, of which the first ${shown.toLocaleString("en")} are shown` : "";
      const matches = `${found.toLocaleString("en")} of ${list.rows.length.toLocaleString("en")} match`;
      count.textContent = (found === list.rows.length ? count.dataset.all : matches) + part;
    }
    const buttons = list.form?.parentNode.querySelector("[data-more]");
    if (buttons) buttons.hidden = shown >= found;
  }

  // The column that the rows are sorted by; without a choice of the reader, that of the page.
  function sortedColumn(list) {
    return list.column < 0 ? list.orders.findIndex(Boolean) : list.column;
  }

  function isDescending(list) {
    return list.column < 0 ? list.orders.includes("descending") : list.isDescending;
  }

  function markOrder(list) {
    const column = sortedColumn(list);
    const order = isDescending(list) ? "descending" : "ascending";
    for (const [index, head] of list.heads.entries()) {
      if (index === column) head.setAttribute("aria-sort", order); else head.removeAttribute("aria-sort");
      head.querySelector(".arrow").textContent = index !== column ? "\u2195" : order === "descending" ? "\u2193" : "\u2191";
    }
    list.choice.value = String(column);
    list.direction.textContent = order === "descending" ? "\u2193 Descending" : "\u2191 Ascending";
    list.direction.hidden = column < 0;
  }

  function sortBy(list, column, descending) {
    list.column = column;
    list.isDescending = descending;
    markOrder(list);
    show(list);
    pageState.write({ [list.table.dataset.sortable]: orderName(list) });
  }

  // Such as `-late-arrivals`, where the minus stands for descending; empty for the order of the page.
  function orderName(list) {
    const isOfPage = list.orders[list.column] === (list.isDescending ? "descending" : "ascending");
    return list.column < 0 || isOfPage ? "" : (list.isDescending ? "-" : "") + nameOf(list.heads[list.column]);
  }

  function nameOf(head) {
    return fold(head.querySelector(".label").textContent.trim()).replace(/[^\p{L}\p{N}]+/gu, "-");
  }

  const descendsFirst = (head) => head.dataset.first === "descending";

  // The label becomes a button for the keyboard; a click anywhere in the head sorts, except on the link to the definition.
  function addSorting(list) {
    const sorting = document.createElement("p");
    sorting.className = "sorting";
    sorting.innerHTML = '<label>Sort by <select></select></label> <button type="button"></button>';
    [list.choice, list.direction] = [sorting.querySelector("select"), sorting.querySelector("button")];
    list.heads.forEach((head, column) => {
      const label = head.querySelector(".label");
      list.choice.append(new Option(label.textContent, String(column)));
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      head.classList.add("sorts");
      const arrow = document.createElement("span");
      arrow.className = "arrow";
      arrow.setAttribute("aria-hidden", "true");
      label.replaceWith(button);
      button.append(label, "\u00a0", arrow);
      head.addEventListener("click", (event) => {
        if (event.target.closest("a")) return;
        sortBy(list, column, column === sortedColumn(list) ? !isDescending(list) : descendsFirst(head));
      });
    });
    list.choice.addEventListener("change", () => {
      const column = Number(list.choice.value);
      sortBy(list, column, column >= 0 && descendsFirst(list.heads[column]));
    });
    list.direction.addEventListener("click", () => sortBy(list, sortedColumn(list), !isDescending(list)));
    if (!list.orders.some(Boolean)) list.choice.prepend(new Option("Order of the page", "-1"));
    (list.table.closest(".scroll") ?? list.table).before(sorting);
    markOrder(list);
  }

  const fieldsOf = (list) => (list.form ? [...list.form.elements].filter((field) => field.name) : []);

  function restore(list) {
    const state = pageState.read();
    if (!state) return;
    for (const field of fieldsOf(list)) {
      field.value = state.get(field.name) ?? "";
      // A choice that is gone, such as a series that was purged.
      if (field.selectedIndex === -1) field.selectedIndex = 0;
    }
    const order = state.get(list.table.dataset.sortable) ?? "";
    list.column = list.heads.findIndex((head) => nameOf(head) === order.replace(/^-/, ""));
    list.isDescending = order.startsWith("-");
    list.limit = state.get("rows") === "all" ? Infinity : Math.max(Number(state.get("rows")) || 0, list.step);
    markOrder(list);
    show(list);
    suggestSearch(list);
  }

  function differsFromAddress(list) {
    const state = pageState.read();
    return state !== null && fieldsOf(list).some((field) => field.value.trim() !== (state.get(field.name) ?? ""));
  }

  function remember(list) {
    const values = Object.fromEntries(fieldsOf(list).map((field) => [field.name, field.value.trim()]));
    values.rows = list.limit === Infinity ? "all" : list.limit > list.step ? String(list.limit) : "";
    pageState.write(values);
  }

  // The command that searches the transcripts, with the words and filters of the form that it knows.
  function suggestSearch(list) {
    const command = document.querySelector("[data-search]");
    if (!command || !list.form) return;
    const quoted = (text) => (/^[\w.-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);
    const { title, person, series, from, to } = list.form.elements;
    const chosen = series.value ? series.selectedOptions[0].text : "";
    const options = { speaker: person.value, series: chosen, from: from.value, to: to.value };
    const parts = Object.entries(options).flatMap(([name, value]) => (value.trim() ? [`--${name}`, quoted(value.trim())] : []));
    const words = title.value.trim();
    command.textContent = ["meeting-assets search", ...parts, ...(words.startsWith("-") ? ["--"] : []), words ? quoted(words) : "'words'"].join(" ");
  }

  function addFilters(list) {
    const again = () => {
      list.limit = list.step;
      show(list);
      remember(list);
      suggestSearch(list);
    };
    list.form.addEventListener("submit", (event) => event.preventDefault());
    list.form.addEventListener("input", again);
    list.form.addEventListener("reset", () => setTimeout(again));
    const buttons = list.form.parentNode.querySelector("[data-more]");
    buttons?.addEventListener("click", (event) => {
      if (!event.target.matches("button")) return;
      list.limit = event.target.matches("[data-all]") ? Infinity : list.limit + list.step;
      show(list);
      remember(list);
    });
  }

  const lists = [...document.querySelectorAll("table[data-sortable]")].map(listOf);
  for (const list of lists) {
    list.limit = list.step;
    addSorting(list);
    if (list.form) addFilters(list);
  }
  const restoreAll = () => lists.forEach(restore);
  restoreAll();
  addEventListener("hashchange", restoreAll);
  // The browser may have restored what was entered before; the address counts.
  addEventListener("pageshow", () => lists.filter(differsFromAddress).forEach(restore));
})();
