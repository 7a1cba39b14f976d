// Step 3 with script: each choice is saved at once; rows are narrowed; UCDs are completed word by word.
const form = document.getElementById("assoc-form");
if (form) start(form);

function start(form) {
  const saved = document.getElementById("saved");
  const search = document.getElementById("column-search");
  let shown = "";
  document.querySelector("[data-plain-save] button").hidden = true;

  document.body.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful && /columns\/\d+$/.test(event.detail.requestConfig.path)) saved.hidden = false;
  });
  document.body.addEventListener("htmx:oobAfterSwap", narrow);

  // A row that is drawn anew keeps the focus and what was typed in it since the request left.
  const sent = new Map();
  document.body.addEventListener("htmx:beforeRequest", ({ detail }) => { if (detail.elt.id) sent.set(detail.elt.id, detail.elt.value); });
  let focused = "", unsaved = [];
  document.body.addEventListener("htmx:oobBeforeSwap", ({ detail }) => {
    if (!detail.target.matches("tr")) return;
    if (detail.target.contains(document.activeElement)) focused = document.activeElement.id;
    for (const field of detail.target.querySelectorAll("input[id]:not([type])")) {
      if (field.value !== field.defaultValue && field.value !== sent.get(field.id)) unsaved.push([field.id, field.value]);
    }
  });
  document.body.addEventListener("htmx:oobAfterSwap", ({ detail }) => {
    if (!detail.target.matches("tr")) return;
    if (focused) document.getElementById(focused)?.focus();
    for (const [id, value] of unsaved) {
      const field = document.getElementById(id);
      if (!field) continue;
      field.value = value;
      if (id === focused) saveOnLeaving(field);
      else setTimeout(() => field.dispatchEvent(new Event("change", { bubbles: true })), 200); // once htmx knows the row
    }
    [focused, unsaved] = ["", []];
  });

  function narrow() {
    const words = search.value.trim().toLowerCase();
    const states = shown.split(" ").filter(Boolean);
    let seen = 0;
    for (const row of document.querySelectorAll("#assoc tbody tr")) {
      row.hidden = (states.length > 0 && !states.includes(row.dataset.state)) || !row.dataset.words.includes(words);
      seen += row.hidden ? 0 : 1;
    }
    document.getElementById("no-column").hidden = seen > 0;
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === shown));
  }

  // Browsers report no change of a value that a script has set.
  function saveOnLeaving(field) {
    let told = false;
    field.addEventListener("change", () => { told = true; }, { once: true });
    field.addEventListener("blur", () => {
      if (!told && field.value !== field.defaultValue) field.dispatchEvent(new Event("change", { bubbles: true }));
    }, { once: true });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (!button) return;
    shown = button.dataset.show;
    narrow();
  });
  search.addEventListener("input", narrow);
  search.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });

  // A change posts by itself; Enter in a field must not send the whole form as well.
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input[hx-post]")) { event.preventDefault(); event.target.blur(); event.target.focus(); }
  });

  // The word behind the last semicolon is completed; what stands before it stays.
  let words = null;
  const list = document.getElementById("ucd-words");
  form.addEventListener("focusin", async (event) => {
    if (!event.target.matches(".ucd-field") || words) return;
    words = [];
    const answer = await fetch(form.dataset.words, { headers: { Accept: "application/json" } });
    if (answer.ok) words = (await answer.json()).words;
    complete(event.target);
  });
  form.addEventListener("input", (event) => { if (event.target.matches(".ucd-field")) complete(event.target); });

  function complete(field) {
    const at = field.value.lastIndexOf(";") + 1;
    const before = field.value.slice(0, at), typed = field.value.slice(at).trim().toLowerCase();
    const place = at ? "S" : "P";
    const fitting = words.filter(([name, places]) => places.includes(place) && name.toLowerCase().includes(typed));
    fitting.sort((a, b) => a[0].toLowerCase().indexOf(typed) - b[0].toLowerCase().indexOf(typed));
    list.replaceChildren(...fitting.slice(0, 40).map(([name, , meaning]) => {
      const option = document.createElement("option");
      [option.value, option.label] = [before + name, meaning];
      return option;
    }));
  }
}
