// A job's log follows its end, unless the reader has scrolled away.
const log = document.getElementById("log");
const follow = document.getElementById("follow");

function toEnd() {
  if (log && follow?.checked) log.scrollTop = log.scrollHeight;
}

if (log && follow) {
  document.body.addEventListener("htmx:afterSettle", (event) => {
    if (log.contains(event.detail.target)) toEnd();
  });
  log.addEventListener("wheel", (event) => { if (event.deltaY < 0) follow.checked = false; }, { passive: true });
  follow.addEventListener("change", toEnd);
  toEnd();
}
