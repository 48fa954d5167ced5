// Whether something is worked on. `element` and `watch` come from gr.HTML.
watch("value", () => document.body.classList.toggle("busy", element.querySelector("[data-staged]") !== null));
