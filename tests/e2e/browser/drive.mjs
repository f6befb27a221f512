// Opens reports in headless Chromium and writes down what it saw; tests/e2e/test_report_browser.py judges.
// Usage: node drive.mjs PLAN.json, a file with {chromium, axe, out, pages: {name: path}}; answers in out/seen.json.
import { readFileSync, writeFileSync } from "node:fs";
import { chromium } from "playwright-core";

const plan = JSON.parse(readFileSync(process.argv[2], "utf-8"));
const axe = readFileSync(plan.axe, "utf-8");
const seen = {};

const browser = await chromium.launch({
  executablePath: plan.chromium,
  args: [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
  ],
});

async function open(name, { fragment = "", ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(30000);
  const page = await context.newPage();
  const trouble = [];
  page.on("console", (message) => { if (message.type() !== "log") trouble.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("dialog", async (dialog) => { trouble.push(`dialog: ${dialog.message()}`); await dialog.dismiss(); });
  page.on("request", (request) => { if (!request.isNavigationRequest()) trouble.push(`request: ${request.url()}`); });
  const start = performance.now();
  await page.goto(`file://${plan.pages[name]}${fragment}`);
  // With scripts off no frame callback ever comes.
  if (options.javaScriptEnabled !== false) await settled(page);
  return { page, trouble, took: performance.now() - start, close: () => context.close() };
}

const settled = (page) => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done()))));
const visible = (page) => page.$$eval("#results-table tbody tr.on", (rows) => rows.map((row) => Array.from(row.cells, (cell) => cell.innerText.trim())));
const fits = (page) => page.evaluate(() => document.scrollingElement.scrollWidth <= window.innerWidth);
const heading = (page) => page.$eval("h1", (element) => element.innerText.replace(/\s+/gu, " ").trim());

async function pages() {
  for (const name of Object.keys(plan.pages)) {
    const { page, trouble, took, close } = await open(name);
    seen[`load ${name}`] = { trouble, took, heading: await heading(page), fits: await fits(page), scripts: await page.$$eval("script", (found) => found.length), rows: (await visible(page)).length, text: (await page.innerText("main")).slice(0, 20000) };
    await page.screenshot({ path: `${plan.out}/${name}.png` });
    await close();
  }
}

// Whether what a release manager came for stands on the first screen, and whether anything sticks out of a narrow one.
async function firstScreens() {
  for (const name of plan.small) {
    for (const lang of ["en", "ja"]) {
      const { page, close } = await open(name, { fragment: `#?lang=${lang}` });
      seen[`first ${name} ${lang}`] = await page.$$eval(".answers > div", (rows) => rows.map((row) => ({ question: row.querySelector("dt").innerText.trim(), answer: row.querySelector("dd").innerText.trim(), bottom: Math.round(row.getBoundingClientRect().bottom) })));
      await page.screenshot({ path: `${plan.out}/${name}-${lang}.png` });
      await close();
      const narrow = await open(name, { fragment: `#?lang=${lang}`, viewport: { width: 390, height: 844 } });
      seen[`narrow ${name} ${lang}`] = { fits: await fits(narrow.page), trouble: narrow.trouble };
      await narrow.close();
    }
  }
}

async function accessible() {
  const looks = [["en", "light", 1280], ["ja", "dark", 1280], ["ja", "light", 390]];
  for (const name of [...plan.small, ...plan.many]) {
    for (const [lang, colorScheme, width] of looks) {
      const { page, close } = await open(name, { fragment: `#?lang=${lang}`, colorScheme, bypassCSP: true, viewport: { width, height: 900 } });
      // Rows that wait for the button are not rendered, so nobody meets them; axe would walk their 100,000 cells for minutes.
      await page.evaluate(() => { for (const row of document.querySelectorAll("#results-table tbody tr:not(.on)")) row.remove(); });
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      seen[`axe ${name} ${lang} ${colorScheme} ${width}`] = violations.map((one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" | ")}`);
      await close();
    }
  }
}

async function working(name) {
  const { page, trouble, close } = await open(name);
  const told = (seen.work = { trouble });
  told.all = (await visible(page)).length;
  await page.check("[data-filter=severity][value=HIGH]");
  await page.waitForFunction(() => location.hash.includes("severity=HIGH"));
  told.high = (await visible(page)).map((row) => row[0]);
  told.link = await page.evaluate(() => location.hash);
  await page.click("button[type=reset]");
  await page.fill("#search", plan.search);
  await page.waitForFunction(() => location.hash.includes("q="));
  told.search = (await visible(page)).map((row) => row.join(" "));
  told.count = await page.innerText(".js-shown");
  await page.click("button[type=reset]");
  await page.waitForFunction(() => !location.hash.includes("q="));
  await page.check("[data-filter=blocking]");
  await page.waitForFunction(() => location.hash.includes("blocking=1"));
  told.blocking = (await visible(page)).map((row) => row[6]);
  await page.click("button[type=reset]");
  await page.click("a[data-gate]");
  told.gate = { wanted: await page.$eval("a[data-gate]", (link) => link.dataset.gate), rows: await page.$$eval("#results-table tbody tr.on", (found) => found.map((row) => Array.from(row.cells[6].querySelectorAll("a"), (link) => link.getAttribute("href")))), link: await page.evaluate(() => location.hash) };
  await page.click("button[type=reset]");
  await page.waitForFunction(() => !location.hash.includes("gate="));
  await page.click("#results-table th:nth-child(2) button");
  told.ascending = (await visible(page)).map((row) => row[1]);
  await page.click("#results-table th:nth-child(2) button");
  told.descending = (await visible(page)).map((row) => row[1]);
  told.sort = await page.getAttribute("#results-table th:nth-child(2)", "aria-sort");
  await page.click("#results-table th:nth-child(1) button");
  told.severities = (await visible(page)).map((row) => row[0]);
  await page.check("#language-ja");
  told.japanese = { lang: await page.getAttribute("html", "lang"), heading: await heading(page), label: await page.getAttribute("nav", "aria-label"), english: await page.isVisible("h2 span[lang=en]") };
  await close();
}

async function links(name) {
  const first = await open(name);
  const anchor = await first.page.getAttribute("#results-table tbody tr:last-child", "id");
  await first.close();
  const row = await open(name, { fragment: `#${anchor}` });
  seen.row = { marked: await row.page.$eval(":target", (found) => found.id), anchor, inView: await row.page.$eval(":target", (found) => { const box = found.getBoundingClientRect(); return box.top >= 0 && box.bottom <= window.innerHeight; }) };
  await row.close();
  const state = await open(name, { fragment: "#?severity=HIGH%2CMEDIUM&q=requirements&lang=ja&sort=1d" });
  seen.state = { rows: await visible(state.page), lang: await state.page.getAttribute("html", "lang"), search: await state.page.inputValue("#search"), sort: await state.page.getAttribute("#results-table th:nth-child(2)", "aria-sort") };
  await state.close();
  const odd = await open(name, { fragment: "#?severity=%22%3E%3Cscript%3E&gate=%22%5D&sort=99&lang=xx&q=%5B" });
  seen.odd = { trouble: odd.trouble, rows: (await visible(odd.page)).length };
  await odd.close();
}

async function keyboard(name) {
  const { page, close } = await open(name);
  const told = (seen.keyboard = { stops: [] });
  const focus = () => page.evaluate(() => { const at = document.activeElement; const style = getComputedStyle(at); return { at: at.id || at.className || at.tagName, text: (at.innerText || "").trim().slice(0, 40), outlined: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 }; });
  await page.keyboard.press("Tab");
  told.first = await focus();
  await page.keyboard.press("Enter");
  told.skipped = await page.evaluate(() => location.hash);
  await page.evaluate(() => { document.getElementById("language-en").focus(); });
  await page.keyboard.press("ArrowRight");
  told.lang = await page.getAttribute("html", "lang");
  for (let index = 0; index < 400; index += 1) {
    await page.keyboard.press("Tab");
    const stop = await focus();
    told.stops.push(stop);
    if (stop.at === "search") await page.keyboard.type("requirements");
    if (await page.evaluate(() => document.activeElement.closest("#results-table thead") !== null)) break;
  }
  await page.waitForFunction(() => location.hash.includes("q=requirements"));
  await page.keyboard.press("Enter");
  told.sorted = await page.getAttribute("#results-table th:nth-child(1)", "aria-sort");
  told.rows = (await visible(page)).length;
  await close();
}

async function looks(name) {
  for (const [look, options] of Object.entries({ narrow: { viewport: { width: 390, height: 844 } }, wide: { viewport: { width: 1920, height: 1080 } }, dark: { colorScheme: "dark" } })) {
    const { page, close } = await open(name, options);
    seen[look] = { fits: await fits(page), background: await page.$eval("body", (body) => getComputedStyle(body).backgroundColor) };
    await page.screenshot({ path: `${plan.out}/${name}-${look}.png` });
    await close();
  }
  const { page, close } = await open(name);
  await page.emulateMedia({ media: "print" });
  seen.print = { bar: await page.isVisible(".bar"), rows: await page.$$eval("#results-table tbody tr", (rows) => rows.filter((row) => row.offsetParent !== null || row.getClientRects().length).length) };
  const pdf = await page.pdf({ path: `${plan.out}/${name}.pdf`, preferCSSPageSize: true });
  const boxes = pdf.toString("latin1").match(/\/MediaBox\s*\[[^\]]*\]/gu) || [];
  seen.pdf = { head: pdf.subarray(0, 5).toString(), boxes: [...new Set(boxes)], pages: boxes.length };
  await close();
}

async function withoutScripts(name) {
  const { page, close } = await open(name, { javaScriptEnabled: false });
  const rows = await page.locator("#results-table tbody tr:visible").count();
  await page.locator("label[for=language-ja]").click();
  seen.plain = { rows, filters: await page.locator(".filters").isVisible(), japanese: await page.locator("h2 span[lang=ja]").first().isVisible(), english: await page.locator("h2 span[lang=en]").first().isVisible() };
  await close();
}

async function pageThrough(page) {
  await page.click("button[type=reset]");
  await page.waitForFunction(() => !location.hash.includes("q="));
  await page.click(".more");
  const rows = (await visible(page)).length;
  return { rows, left: await page.innerText(".js-left") };
}

async function many(name) {
  const times = [];
  for (let index = 0; index < 5; index += 1) {
    const { page, took, close } = await open(name);
    const start = performance.now();
    await page.fill("#search", "number 777");
    await page.waitForFunction(() => location.hash.includes("q="));
    await settled(page);
    const search = performance.now() - start;
    const found = await page.innerText(".js-shown");
    const more = index ? null : await pageThrough(page);
    times.push({ more, open: took, search, found });
    await close();
  }
  seen[`many ${name}`] = times;
}

try {
  await pages();
  await firstScreens();
  await accessible();
  await working(plan.main);
  await links(plan.main);
  await keyboard(plan.main);
  await looks(plan.main);
  await withoutScripts(plan.main);
  for (const name of plan.many) await many(name);
} finally {
  writeFileSync(`${plan.out}/seen.json`, JSON.stringify(seen, null, 1));
  await browser.close();
}
