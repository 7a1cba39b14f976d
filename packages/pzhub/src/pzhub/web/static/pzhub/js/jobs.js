// A job's log follows its end, unless the reader has scrolled away; words are found in it.
const log = document.getElementById("log");
const follow = document.getElementById("follow");
const search = document.getElementById("log-q");
const found = document.getElementById("log-found");

function toEnd() {
  if (log && follow?.checked) log.scrollTop = log.scrollHeight;
}

// Lines without the words are out of the way; new ones are looked at when they come.
function narrow() {
  const words = search.value.trim().toLowerCase();
  let number = 0;
  for (const line of document.getElementById("log-lines").children) {
    const has = !words || line.textContent.toLowerCase().includes(words);
    line.classList.toggle("is-off", !has);
    number += Number(has);
  }
  found.textContent = words ? found.dataset.found.replace("{n}", number.toLocaleString(document.documentElement.lang)) : "";
}

if (log && follow) {
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (!log.contains(event.detail.target)) return;
    if (search?.value) narrow();
    toEnd();
  });
  log.addEventListener("wheel", (event) => { if (event.deltaY < 0) follow.checked = false; }, { passive: true });
  follow.addEventListener("change", toEnd);
  search?.addEventListener("input", narrow);
  toEnd();
}

// The whole log goes to the clipboard, also what is not shown.
document.getElementById("log-copy")?.addEventListener("click", async (event) => {
  const line = document.getElementById("live"), { copied, failed } = document.body.dataset;
  try {
    const answer = await fetch(event.currentTarget.dataset.url);
    await navigator.clipboard.writeText(await answer.text());
    line.textContent = copied;
  } catch {
    line.textContent = failed;
  }
  setTimeout(() => { line.textContent = ""; }, 4000);
});
