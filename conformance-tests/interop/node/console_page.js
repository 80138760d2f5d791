// Works with the status page as an operator does, in a real browser: reads it in both languages,
// acknowledges and closes an alarm, opens the emergency gate. Prints what it saw as one line of JSON.
//
// node console_page.js CONSOLE CHROMIUM SCREENSHOT
const path = require("path");
const tools = process.env.CORDON_NODE_TOOLS;
const puppeteer = require(path.join(tools, "puppeteer-core"));
const keepNotices = require("./notices");

const [console_url, chromium, screenshot] = process.argv.slice(2);
const patience = { timeout: 60000, polling: 100 };

async function main() {
  const browser = await puppeteer.launch({
    executablePath: chromium,
    headless: true,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.setViewport({ width: 1400, height: 1000 });
    // A browser of the park speaks Chinese; this one would say English of itself.
    await page.evaluateOnNewDocument(() => localStorage.setItem("language", "zh-CN"));
    await page.evaluateOnNewDocument(keepNotices);
    await page.goto(console_url, { waitUntil: "domcontentloaded" });
    await page.waitForFunction(() => document.querySelectorAll("#decisions tr").length > 0, patience);
    const heading = () => page.$eval("#decisions-panel h2", (node) => node.textContent);
    const chinese = await heading();
    await page.click("#language");
    const english = await heading();

    // The steps of an alarm's life: one button acknowledges it, the next closes it with a note.
    await press(page, "#alarms button", "Acknowledge");
    const acknowledged = await told(page);
    await press(page, "#alarms button", "Close");
    await page.waitForSelector("#closing[open]", patience);
    await page.type("#closing-note", "seen by the patrol");
    await page.click('#closing button[value="close"]');
    const closed = await told(page);

    const focus_kept = await keepsFocus(page);
    await page.setViewport({ width: 390, height: 900 });
    const on_screen = await page.$eval("#gates button.danger", (button) => {
      const place = button.getBoundingClientRect();
      return place.left >= 0 && place.right <= innerWidth;
    });
    await page.setViewport({ width: 1400, height: 1000 });
    await press(page, "#gates button", "Emergency open");
    await page.waitForSelector("#emergency[open]", patience);
    await page.type("#emergency-who", "duty officer");
    await page.type("#emergency-why", "rehearsal");
    await page.click('#emergency button[value="open"]');
    const opened = await told(page);
    await page.waitForFunction(
      () => [...document.querySelectorAll("#gates tr")].some((row) => row.textContent.includes("emergency") && row.textContent.includes("OPEN")),
      patience,
    ).catch(() => {});
    await page.screenshot({ path: screenshot });
    const [decisions, devices] = await page.evaluate(
      () => ["#decisions tr", "#devices tr"].map((rows) => document.querySelectorAll(rows).length),
    );
    const version = await browser.version();
    console.log(JSON.stringify({ version, chinese, english, acknowledged, closed, opened, decisions, devices, focus_kept, on_screen, errors }));
  } finally {
    await browser.close();
  }
}

// Whoever stands on the red button with the keyboard still stands on it after three updates.
async function keepsFocus(page) {
  await page.$eval("#gates button.danger", (button) => {
    button.focus();
    window.stood = button;
  });
  for (let update = 0; update < 3; update += 1) {
    const before = await page.$eval("#tiles b", (entries) => entries.textContent);
    await page.waitForFunction((before) => document.querySelector("#tiles b").textContent !== before, patience, before);
  }
  return page.evaluate(() => document.activeElement === window.stood && window.stood.isConnected);
}

// Waits until a button with this word is there, and presses the first.
async function press(page, selector, word) {
  await page.waitForFunction((selector, word) => {
    const found = [...document.querySelectorAll(selector)].find((button) => button.textContent === word);
    if (found) found.click();
    return Boolean(found);
  }, patience, selector, word);
}

// What the bar at the foot says after an action, and nothing that it said before.
async function told(page) {
  await page.waitForFunction(() => window.notices.length > 0, patience);
  const text = await page.evaluate(() => window.notices.shift());
  await page.waitForFunction(() => document.querySelector("#notice").hidden, patience);
  return text;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
