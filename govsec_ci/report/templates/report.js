"use strict";
// Filter, sort, search, language and deep links. Without it the page shows everything.
(() => {
  const root = document.documentElement;
  const PAGE = 200;

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
  const severity = (cell) => cell.firstElementChild.className.slice("sev sev-".length).toUpperCase();
  const RANK = { CRITICAL: 0, UNKNOWN: 1, HIGH: 2, MEDIUM: 3, LOW: 4, NONE: 5 };
  let gate = "";
  let sorted = rows;
  let limit = PAGE;

  // What a row is searched by, taken once at the first search.
  let words = null;
  const texts = () => words || (words = rows.map((row) => row.textContent.toLowerCase()));

  const chosen = (name) => Array.from(form.querySelectorAll(`[data-filter=${name}]:checked`), (input) => input.value);

  function apply() {
    if (!form) return;
    const severities = new Set(chosen("severity"));
    const blocking = chosen("blocking").length > 0;
    const fresh = chosen("state").length > 0;
    const fixable = chosen("fixable").length > 0;
    const wanted = document.getElementById("search").value.trim().toLowerCase().split(/\s+/u).filter(Boolean);
    const haystack = wanted.length ? texts() : [];
    let matching = 0;
    rows.forEach((row, index) => {
      const visible =
        (!severities.size || severities.has(severity(row.cells[0]))) &&
        (!blocking || row.cells[6].firstElementChild !== null) &&
        (!fresh || row.dataset.state === "new") &&
        (!fixable || row.cells[4].textContent !== "") &&
        (!gate || stands(row, gate)) &&
        wanted.every((word) => haystack[index].includes(word));
      if (row.hidden === visible) row.hidden = !visible;
      if (visible) matching += 1;
    });
    limit = PAGE;
    turn(matching);
  }

  // Of the rows that match, the first ones are laid out; the others wait for the button.
  function turn(matching) {
    let left = limit;
    for (const row of sorted) {
      const on = !row.hidden && left > 0;
      if (on) left -= 1;
      if (row.classList.contains("on") !== on) row.classList.toggle("on", on);
    }
    document.querySelector(".js-shown").textContent = matching.toLocaleString("en");
    document.querySelector(".more").hidden = matching <= limit;
    document.querySelector(".js-left").textContent = Math.max(0, matching - limit).toLocaleString("en");
  }

  const matchingNow = () => rows.reduce((sum, row) => sum + (row.hidden ? 0 : 1), 0);

  function reveal(row) {
    if (row.hidden) {
      form.reset();
      gate = "";
      for (const other of rows) other.hidden = false;
    }
    limit = Math.max(limit, Math.ceil((sorted.filter((other) => !other.hidden).indexOf(row) + 1) / PAGE) * PAGE);
    turn(matchingNow());
    row.scrollIntoView({ block: "center", behavior: "instant" });
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
      if (target && target.closest("#results-table tbody")) reveal(target);
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
      for (const input of form.querySelectorAll(`[data-filter=${name}]`)) input.checked = values.includes(input.value);
    }
    document.getElementById("search").value = state.get("q") || "";
    gate = state.get("gate") || "";
    const sort = /^([0-6])(d?)$/u.exec(state.get("sort") || "");
    if (sort) order(table.tHead.rows[0].cells[Number(sort[1])], sort[2] === "d");
    apply();
    if (["severity", "blocking", "state", "fixable", "q", "gate", "sort"].some((key) => state.has(key))) {
      document.getElementById("results").scrollIntoView({ behavior: "instant" });
    }
  }

  const KEYS = {
    severity: (cell) => RANK[severity(cell)] ?? 9,
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
    sorted = keyed.map((entry) => entry[2]);
    const parts = document.createDocumentFragment();
    for (const row of sorted) parts.append(row);
    body.append(parts);
    turn(matchingNow());
  }

  if (table) {
    for (const head of table.tHead.rows[0].cells) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => { order(head, head.getAttribute("aria-sort") === "ascending"); remember(); });
    }
    document.querySelector(".more").addEventListener("click", () => { limit += PAGE; turn(matchingNow()); });
    let waiting = 0;
    form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(() => { apply(); remember(); }, 120); });
    form.addEventListener("reset", () => { gate = ""; setTimeout(() => { apply(); remember(); }); });
    form.addEventListener("submit", (event) => { event.preventDefault(); apply(); remember(); });
    for (const link of document.querySelectorAll("a[data-gate], a[data-state]")) {
      link.addEventListener("click", (event) => {
        event.preventDefault();
        gate = link.dataset.gate || "";
        const fresh = form.querySelector("[data-filter=state]");
        if (fresh) fresh.checked = link.dataset.state === "new";
        apply();
        remember();
        document.getElementById("results").scrollIntoView({ behavior: "instant" });
      });
    }
  }
  window.addEventListener("hashchange", recall);
  speak(root.lang);
  if (table) turn(rows.length);
  recall();
})();
