// Definitions: rows that contain the words.
(() => {
  const form = document.querySelector("form[data-find]");
  if (!form) return;
  const sections = [...document.querySelectorAll(`#${form.dataset.find} section`)];
  const count = document.querySelector("[data-count]");
  const field = form.elements.namedItem("find");
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
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
    count.textContent = words.length ? `${found} match` : "";
  };
  // A link to a definition shows all of them.
  const restore = () => {
    field.value = pageState.read()?.get("find") ?? "";
    find();
    document.querySelector(":target")?.scrollIntoView();
  };
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    find();
    pageState.write({ find: field.value.trim() });
  });
  restore();
  addEventListener("hashchange", restore);
  addEventListener("pageshow", restore);
})();
