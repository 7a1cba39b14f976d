// Markdown as it will look, rendered by the server as on the product's page.
for (const box of document.querySelectorAll("[data-preview]")) {
  const field = document.getElementById(box.dataset.preview);
  const body = box.querySelector(".preview-body");
  let timer = 0;
  box.hidden = false;
  box.addEventListener("toggle", () => { if (box.open) draw(); });
  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (box.open) timer = setTimeout(draw, 400);
  });
  async function draw() {
    const data = new FormData();
    data.set("csrfmiddlewaretoken", field.form.elements.csrfmiddlewaretoken.value);
    data.set("text", field.value);
    try {
      const answer = await fetch(box.dataset.address, { method: "POST", body: data });
      if (answer.ok) body.innerHTML = await answer.text(); // sanitised by the server
    } catch { /* offline: the text stays as it was drawn last */ }
  }
}
