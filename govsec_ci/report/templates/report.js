"use strict";
// Filter, sort, search, language and deep links. Without it the page shows everything.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Language: the style sheet follows the radio buttons; assistive technology follows html[lang].
  const speak = (lang) => {
    root.lang = lang;
    for (const element of document.querySelectorAll("[data-label-en]")) {
      element.setAttribute("aria-label", lang === "ja" ? element.dataset.labelJa : element.dataset.labelEn);
    }
  };
  for (const radio of document.querySelectorAll("input[name=language]")) {
    radio.addEventListener("change", () => { speak(radio.value); remember(); });
  }

  const table = document.getElementById("results-table");
  const form = document.querySelector(".filters");
  const body = table && table.tBodies[0];
  const rows = body ? Array.from(body.rows) : [];
  const RANK = { CRITICAL: 0, UNKNOWN: 1, HIGH: 2, MEDIUM: 3, LOW: 4, NONE: 5 };
  let gate = "";

  // What a row is searched by, taken once at the first search.
  let words = null;
  const texts = () => words || (words = rows.map((row) => row.textContent.toLowerCase()));

  const chosen = (name) => Array.from(form.querySelectorAll(`input[name=${name}]:checked`), (input) => input.value);

  function apply() {
    if (!form) return;
    const severities = new Set(chosen("severity"));
    const blocking = chosen("blocking").length > 0;
    const fresh = chosen("state").length > 0;
    const fixable = chosen("fixable").length > 0;
    const wanted = document.getElementById("search").value.trim().toLowerCase().split(/\s+/u).filter(Boolean);
    const haystack = wanted.length ? texts() : [];
    let shown = 0;
    rows.forEach((row, index) => {
      const visible =
        (!severities.size || severities.has(row.cells[0].textContent)) &&
        (!blocking || row.cells[6].firstElementChild !== null) &&
        (!fresh || row.dataset.state === "new") &&
        (!fixable || row.cells[4].textContent !== "") &&
        (!gate || stands(row, gate)) &&
        wanted.every((word) => haystack[index].includes(word));
      if (row.hidden === visible) row.hidden = !visible;
      if (visible) shown += 1;
    });
    document.querySelector(".js-shown").textContent = shown.toLocaleString("en");
  }

  const stands = (row, anchor) => Array.from(row.cells[6].children).some((link) => link.getAttribute("href") === `#${anchor}`);

  // The address after # is either an anchor of the page or ?key=value pairs: a view that can be sent to somebody.
  function remember() {
    const state = new URLSearchParams();
    if (form) {
      for (const name of ["severity", "blocking", "state", "fixable"]) {
        const values = chosen(name);
        if (values.length) state.set(name, values.join(","));
      }
      const search = document.getElementById("search").value.trim();
      if (search) state.set("q", search);
      if (gate) state.set("gate", gate);
      const sorted = table.querySelector("th[aria-sort]");
      if (sorted) state.set("sort", `${sorted.cellIndex}${sorted.getAttribute("aria-sort") === "descending" ? "d" : ""}`);
    }
    state.set("lang", root.lang);
    history.replaceState(null, "", `#?${state}`);
  }

  function recall() {
    const fragment = location.hash.slice(1);
    if (!fragment.startsWith("?")) {
      const target = fragment && document.getElementById(decodeURIComponent(fragment));
      if (target && target.closest("#results-table") && target.hidden) form.reset();
      return;
    }
    const state = new URLSearchParams(fragment.slice(1));
    const lang = state.get("lang");
    if (lang === "en" || lang === "ja") {
      document.getElementById(`language-${lang}`).checked = true;
      speak(lang);
    }
    if (!form) return;
    for (const name of ["severity", "blocking", "state", "fixable"]) {
      const values = (state.get(name) || "").split(",");
      for (const input of form.querySelectorAll(`input[name=${name}]`)) input.checked = values.includes(input.value);
    }
    document.getElementById("search").value = state.get("q") || "";
    gate = state.get("gate") || "";
    const sort = /^([0-6])(d?)$/u.exec(state.get("sort") || "");
    if (sort) order(table.tHead.rows[0].cells[Number(sort[1])], sort[2] === "d");
    apply();
    if (["severity", "blocking", "state", "fixable", "q", "gate", "sort"].some((key) => state.has(key))) {
      document.getElementById("results").scrollIntoView();
    }
  }

  const KEYS = {
    severity: (cell) => RANK[cell.textContent] ?? 9,
    date: (cell) => cell.firstElementChild ? cell.firstElementChild.dateTime : "9999",
    place: (cell) => cell.textContent.replace(/\d+/gu, (digits) => digits.padStart(8, "0")),
    text: (cell) => cell.textContent,
  };

  function order(head, descending) {
    const key = KEYS[head.dataset.sort];
    const column = head.cellIndex;
    const keyed = rows.map((row, index) => [key(row.cells[column]), index, row]);
    const sign = descending ? -1 : 1;
    keyed.sort((a, b) => (a[0] < b[0] ? -sign : a[0] > b[0] ? sign : a[1] - b[1]));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    body.append(...keyed.map((entry) => entry[2]));
  }

  if (table) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => { order(head, head.getAttribute("aria-sort") === "ascending"); remember(); });
    }
    let waiting = 0;
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { apply(); remember(); }, 120); });
    form.addEventListener("reset", () => { gate = ""; setTimeout(() => { apply(); remember(); }); });
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const link of document.querySelectorAll("a[data-gate], a[data-state]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        gate = link.dataset.gate || "";
        const fresh = form.querySelector("input[name=state]");
        if (fresh) fresh.checked = link.dataset.state === "new";
        apply();
        remember();
        document.getElementById("results").scrollIntoView();
      });
    }
  }
  window.addEventListener("hashchange", recall);
  speak(root.lang);
  recall();
})();
