// Shows the API's description, and sends what is tried out with the reader's key.
"use strict";

const key = document.querySelector("#key");
key.form.addEventListener("submit", (event) => event.preventDefault());

// Swagger UI is dark by a class, the rest of the page by the system's choice.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

SwaggerUIBundle({
  url: "api/v1/openapi.json",
  dom_id: "#operations",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelRendering: "example",
  displayRequestDuration: true,
  // Else the description would be sent to a validator on another host.
  validatorUrl: null,
  requestInterceptor(request) {
    const value = key.value.trim();
    if (value && !request.loadSpec) {
      request.headers.Authorization = `Bearer ${value}`;
    }
    return request;
  },
});
