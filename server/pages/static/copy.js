// Copies the text that stands beside a button (templates/copy.html).
"use strict";

const status = document.querySelector(".copy-status");

async function copy(source) {
  getSelection().selectAllChildren(source);
  // Pages that come by plain http have no clipboard, and old ways may be refused.
  try {
    await navigator.clipboard.writeText(source.textContent);
    return "copied";
  } catch {
    return document.execCommand("copy") ? "copied" : "selected";
  }
}

for (const button of document.querySelectorAll("[data-copies]")) {
  const source = document.getElementById(button.dataset.copies);
  button.hidden = false;
  button.addEventListener("click", async () => {
    status.textContent = "";
    status.textContent = status.dataset[await copy(source)];
  });
}
