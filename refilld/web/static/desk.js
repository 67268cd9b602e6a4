// The keys, the times in the zone of the reader, and the refresh of live parts. Every page works without it.
"use strict";
(() => {
  const all = (selector, root = document) => Array.from(root.querySelectorAll(selector));
  const one = (selector, root = document) => root.querySelector(selector);

  const language = document.documentElement.lang;
  const locale = navigator.languages.find((one) => one.split("-")[0] === language) || language;

  // Times are written in UTC by the server; the title keeps what it wrote.
  const format = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  function localise(root) {
    for (const time of all("time[datetime]:not([data-done], [data-age])", root)) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      time.title = time.textContent;
      time.textContent = format.format(at);
      time.dataset.done = "";
    }
  }

  function prepare(root) {
    localise(root);
    for (const part of all("[data-all], [data-copy]", root)) part.hidden = false;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) {
      const table = event.target.closest("table");
      for (const box of all("[data-row]", table)) box.checked = event.target.checked;
    }
    for (const part of all("[data-selected]")) {
      part.hidden = false;
      one("b", part).textContent = all("[data-row]:checked").length;
    }
  });

  // Filters: what is empty stays out of the URL.
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form.filters")) return;
    for (const [name, value] of Array.from(event.formData)) if (!value) event.formData.delete(name);
  });

  // Rows: the first link of a row is what Enter opens.
  const rows = () => all("table.list tbody tr");
  let current = -1;
  function move(step) {
    const found = rows();
    if (!found.length) return;
    current = Math.min(Math.max(current + step, 0), found.length - 1);
    found.forEach((row, index) => row.classList.toggle("current", index === current));
    const link = one("a[href], input", found[current]);
    if (link) link.focus({ preventScroll: true });
    found[current].scrollIntoView({ block: "nearest" });
  }
  function select() {
    const box = rows()[current] && one("[data-row]", rows()[current]);
    if (box) box.click();
  }
  function open(event) {
    const link = rows()[current] && one("a[href]", rows()[current]);
    if (!link || event.target.matches("a, button, summary")) return;
    event.preventDefault();
    link.click();
  }

  // The palette and the list of keys.
  const palette = one("#palette"), keys = one("#keys");
  const links = () => all("#palette a").filter((link) => !link.parentElement.hidden);
  let chosen = 0;
  function choose(index) {
    const found = links();
    chosen = Math.min(Math.max(index, 0), found.length - 1);
    found.forEach((link, at) => link.classList.toggle("current", at === chosen));
  }
  function openPalette() {
    const input = one("input", palette);
    input.value = "";
    filter("");
    palette.showModal();
    input.focus();
  }
  function filter(text) {
    for (const link of all("#palette a")) link.parentElement.hidden = !link.textContent.toLowerCase().includes(text);
    choose(0);
  }
  if (palette) {
    palette.addEventListener("input", (event) => filter(event.target.value.trim().toLowerCase()));
    palette.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
      } else if (event.key === "Enter" && links()[chosen]) {
        links()[chosen].click();
      } else return;
      event.preventDefault();
    });
  }
  for (const button of all("[data-help]")) {
    button.hidden = false;
    button.addEventListener("click", () => keys.showModal());
  }
  for (const hint of all("[data-hint]")) hint.hidden = false;

  let leader = 0;
  const actions = {
    "/": () => one("[data-search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: select,
    "?": () => keys?.showModal(),
    g: () => { leader = Date.now(); },
  };
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k" && palette) {
      event.preventDefault();
      if (!palette.open) openPalette();
      return;
    }
    const typing = event.target.matches("input:not([type=checkbox]), textarea, select") || one("dialog[open]");
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (Date.now() - leader < 1500) {
      leader = 0;
      one(`#palette a[data-letter="${CSS.escape(event.key)}"]`)?.click();
    } else if (event.key === "Enter") {
      open(event);
    } else if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  });

  // Copies a text; without it the text can be selected.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const text = one(`#${button.dataset.copy}`);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = document.body.dataset.copied;
    } catch {
      getSelection().selectAllChildren(text);
    }
  });

  // Menus close on Escape and on a click elsewhere.
  const closeMenus = (except) => all("details.menu[open]").forEach((menu) => { if (menu !== except) menu.open = false; });
  document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenus(null); });

  // Live parts are read anew while the page is visible and nobody works in them.
  setInterval(() => {
    if (document.hidden) return;
    for (const part of all("[data-every]")) {
      const busy = part.contains(document.activeElement) || one("[data-row]:checked, details[open]", part);
      part.dataset.age = Number(part.dataset.age || 0) + 5;
      if (busy || Number(part.dataset.age) < Number(part.dataset.every)) continue;
      part.dataset.age = 0;
      part.dispatchEvent(new Event("desk:refresh"));
    }
  }, 5000);
  document.addEventListener("htmx:load", (event) => prepare(event.target));

  prepare(document);
  const clock = one("[data-clock]");
  if (clock) {
    setInterval(() => { clock.textContent = `${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC`; }, 10000);
  }
})();
