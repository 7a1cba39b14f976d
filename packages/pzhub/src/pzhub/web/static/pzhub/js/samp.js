// Send a table to the tools of the reader's machine through the Web Profile of SAMP.
// The library is asked for when somebody sends; the hub asks its user for consent.

const box = document.querySelector("[data-samp]");
const button = box?.querySelector("[data-samp-send]");
const status = box?.querySelector("[data-samp-status]");
const MTYPE = "table.load.votable";

const word = (name) => box.querySelector("[data-samp-words]").content.querySelector(`[data-word="${name}"]`).textContent;
const say = (text, isBad = false) => { status.textContent = text; status.classList.toggle("field-error", isBad); };

// The library answers by call-backs; a fault of the hub is told apart from no answer at all.
const asked = (connection, method, values) => new Promise((resolve, reject) => connection[method](values, resolve, reject));
const registered = (samp) => new Promise((resolve, reject) => samp.register(box.dataset.site, resolve, reject));
const isFault = (error) => Boolean(error?.faultString || error?.faultCode);

async function send() {
  const { samp } = await import(box.dataset.library);
  let connection;
  try {
    say(word("waiting"));
    connection = await registered(samp);
    await asked(connection, "declareMetadata", [{ "samp.name": box.dataset.site, "samp.description.text": box.dataset.name }]);
    const tools = Object.keys(await asked(connection, "getSubscribedClients", [MTYPE]));
    if (!tools.length) return say(word("nobody"), true);
    const table = { url: box.dataset.link, name: box.dataset.name, "table-id": box.dataset.id };
    await asked(connection, "notifyAll", [new samp.Message(MTYPE, table)]);
    const names = await Promise.all(tools.map((id) => asked(connection, "getMetadata", [id]).then((said) => said["samp.name"] || id, () => id)));
    say(`${word("sent")} ${names.join(", ")}`);
  } catch (error) {
    say(word(isFault(error) ? "refused" : "none"), true);
  } finally {
    connection?.unregister();
  }
}

button?.addEventListener("click", async () => {
  button.disabled = true;
  try { await send(); } finally { button.disabled = false; }
});
