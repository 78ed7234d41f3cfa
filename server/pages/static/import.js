// Import pages with script: what a file comes to is shown in place, so that it stays chosen.

const form = document.querySelector("form.import");
const shown = document.getElementById("outcome");
const status = form.querySelector("[role=status]");

async function send(button) {
  const body = new FormData(form, button);
  const answer = await fetch(form.action, { method: "POST", body });
  if (answer.redirected) {
    location.assign(answer.url);
    return;
  }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const told = page.getElementById("outcome");
  shown.replaceChildren(...(told ?? page.querySelector("main")).childNodes);
  for (const part of form.querySelectorAll("#of-trip, #to-do")) {
    part.replaceChildren(...(page.getElementById(part.id) ?? part).childNodes);
  }
  if (told && !page.querySelector("form.import")) form.remove();
  const title = shown.querySelector("h1, h2");
  title.tabIndex = -1;
  title.focus();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  status.textContent = status.dataset.busy;
  try {
    await send(event.submitter);
    status.textContent = "";
  } catch {
    status.textContent = status.dataset.failed;
  }
  form.ariaBusy = "false";
});
