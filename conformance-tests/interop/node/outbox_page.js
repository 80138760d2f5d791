// Sends a dead letter again with the button of the status page, in a real browser. Prints what it saw
// as one line of JSON.
//
// node outbox_page.js CONSOLE CHROMIUM LETTER
const path = require("path");
const tools = process.env.CORDON_NODE_TOOLS;
const puppeteer = require(path.join(tools, "puppeteer-core"));
const keepNotices = require("./notices");

const [console_url, chromium, letter] = process.argv.slice(2);
const patience = { timeout: 60000, polling: 100 };

// The button in the line of this letter, where there is one.
const find = (letter) => [...document.querySelectorAll("#letters tr")]
  .find((row) => row.cells[1].textContent === letter)?.querySelector("button");

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
    await page.evaluateOnNewDocument(() => localStorage.setItem("language", "zh-CN"));
    await page.evaluateOnNewDocument(keepNotices);
    await page.goto(console_url, { waitUntil: "domcontentloaded" });
    await page.waitForFunction(find, patience, letter);
    const shown = () => page.$eval("#letters-panel h2", (node) => node.textContent);
    const word = () => page.evaluate(`(${find})(${JSON.stringify(letter)}).textContent`);
    const chinese = [await shown(), await word()];
    await page.click("#language");
    const english = [await shown(), await word()];
    await page.evaluate(`(${find})(${JSON.stringify(letter)}).click()`);
    await page.waitForFunction(() => window.notices.length > 0, patience);
    const notice = await page.evaluate(() => window.notices[0]);
    await page.waitForFunction(`!(${find})(${JSON.stringify(letter)})`, patience);
    console.log(JSON.stringify({ version: await browser.version(), chinese, english, notice, errors }));
  } finally {
    await browser.close();
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
