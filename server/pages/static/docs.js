// Shows the API's description, and sends what is tried out with the reader's key.
"use strict";

const key = document.querySelector("#key");
key.form.addEventListener("submit", (event) => event.preventDefault());

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
