// The counts of jobs and notices in the bar, as they are now, without a reload.
// Only visible pages ask, unless the user wants to be told by the browser.
const RUNNING_SECONDS = 4;
const QUIET_SECONDS = 20;
const TOLD = "pz-browser-notices";
const bar = () => document.getElementById("bar-live");
const wantsBrowser = () => localStorage.getItem(TOLD) === "1" && window.Notification?.permission === "granted";
let tag = "", timer = 0;

function plan(seconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, seconds * 1000);
}

function next() {
  plan(Number(bar()?.dataset.running) > 0 ? RUNNING_SECONDS : QUIET_SECONDS);
}

async function ask() {
  const here = bar();
  if (!here || (document.hidden && !wantsBrowser())) return;
  let answer;
  try {
    answer = await fetch(here.dataset.url, { headers: { "HX-Request": "true", ...(tag && { "If-None-Match": tag }) }, cache: "no-store" });
  } catch {
    return next(); // no connection: ask again later
  }
  if (answer.status === 401) { dispatchEvent(new Event("pz:signed-out")); return; }
  if (answer.ok) show(await answer.text(), answer.headers.get("ETag"));
  next();
}

function show(html, newTag) {
  tag = newTag ?? "";
  const before = Number(bar().dataset.newest);
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("bar-live");
  if (!fresh) return;
  const focused = bar().contains(document.activeElement) ? document.activeElement.className.split(" ")[1] : "";
  bar().replaceWith(document.adoptNode(fresh));
  if (focused) bar().querySelector(`.${focused}`)?.focus();
  const { newest, sentence } = bar().dataset;
  if (Number(newest) > before && sentence) tell(sentence);
}

function tell(sentence) {
  const line = document.getElementById("live");
  if (line) { line.textContent = sentence; setTimeout(() => { line.textContent = ""; }, 8000); }
  if (document.hidden && wantsBrowser()) new Notification("Photo-z Server", { body: sentence, icon: "/static/pzhub/img/mark.svg" });
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
addEventListener("pz:signed-in", ask);
next();

// ── The choice, on the page of the account.
const button = document.querySelector("[data-browser-notices]");
function showChoice() {
  button.setAttribute("aria-pressed", String(wantsBrowser()));
}
if (button && !window.Notification) button.remove();
else if (button) {
  showChoice();
  button.addEventListener("click", async () => {
    const line = document.getElementById("live");
    if (wantsBrowser()) localStorage.removeItem(TOLD);
    else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(TOLD, "1");
      line.textContent = button.dataset.on;
    } else line.textContent = button.dataset.denied;
    showChoice();
  });
}
