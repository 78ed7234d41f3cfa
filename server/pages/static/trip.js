// What a trip's pages do more with script: ticks are kept at once, times are by the reader's clock.

const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
  dateStyle: "medium",
  timeStyle: "short",
});

function showTimes() {
  for (const time of document.querySelectorAll("time[datetime$=Z]")) {
    time.textContent = clock.format(new Date(time.dateTime));
  }
}

async function keep(box) {
  const sent = new URLSearchParams({ [box.checked ? "done" : "was"]: box.value });
  const answer = await fetch(box.form.action, { method: "POST", body: sent });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!answer.ok || page.getElementById("checklist") === null) {
    throw new Error(`status ${answer.status}`);
  }
  const scrolled = box.closest(".ticks")?.scrollTop ?? 0;
  // Their children only: what the address's fragment leads to has to stay in its place.
  for (const id of ["checklist", "checklist-tab"]) {
    document.getElementById(id).replaceChildren(...page.getElementById(id).childNodes);
  }
  offerSave(false);
  document.querySelector(".ticks").scrollTop = scrolled;
  document.getElementById(box.id)?.focus({ preventScroll: true });
}

function offerSave(offered) {
  for (const save of document.querySelectorAll(".ticks .save")) save.hidden = !offered;
}

function markTab() {
  const tabs = [...document.querySelectorAll(".tabs a")];
  const current = tabs.find((tab) => tab.hash === location.hash) ?? tabs[0];
  for (const tab of tabs) {
    if (tab === current) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
}

let kept = Promise.resolve();
document.addEventListener("change", (event) => {
  const box = event.target;
  if (!box.matches(".ticks input[type=checkbox]")) return;
  kept = kept.then(() => keep(box)).catch(() => offerSave(true));
});
window.addEventListener("hashchange", markTab);

showTimes();
offerSave(false);
markTab();
const said = document.querySelector("#messages .scroll");
if (said !== null) said.scrollTop = said.scrollHeight;
