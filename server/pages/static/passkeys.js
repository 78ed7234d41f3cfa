// Passkeys: signing in by one, and adding one (W3C Web Authentication Level 3).

const able = globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON;

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST",
    headers: body && { "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) {
    throw Object.assign(new Error(answer.error.message), { status: response.status });
  }
  return answer;
}

async function signIn(api) {
  const options = await post(`${api}/session/passkey/options`);
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  await post(`${api}/session/passkey`, { credential: credential.toJSON() });
}

async function add(api, name) {
  const options = await post(`${api}/me/passkeys/options`);
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  await post(`${api}/me/passkeys`, { credential: credential.toJSON(), ...(name && { name }) });
}

function wordsFor(error, words) {
  switch (error.name) {
    case "NotAllowedError": // also where the time is over, or there is no passkey
    case "AbortError":
      return words.cancelled;
    case "InvalidStateError":
      return words.present ?? words.other;
  }
  return error.status === 401 || error.status === 400 ? words.refused : words.other;
}

for (const part of able ? document.querySelectorAll("[data-passkeys]") : []) {
  const button = part.querySelector("button");
  const trouble = part.querySelector(".trouble");
  const run = async (event) => {
    event.preventDefault();
    trouble.hidden = true;
    button.disabled = true;
    try {
      const { passkeys, api, next } = part.dataset;
      await (passkeys === "add" ? add(api, part.querySelector("input").value.trim()) : signIn(api));
      location.assign(next);
    } catch (error) {
      trouble.textContent = wordsFor(error, part.dataset);
      trouble.hidden = false;
      button.disabled = false;
    }
  };
  part.addEventListener(part.dataset.passkeys === "add" ? "submit" : "click", (event) => {
    if (event.type === "submit" || button.contains(event.target)) run(event);
  });
  part.hidden = false;
}
