(() => {
"use strict";

// A button that copies a link.

const SAID = 1500; // milliseconds

function offerLink(button, link) {
  if (!button || !navigator.clipboard) return;
  const name = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(link());
      button.textContent = "Copied!";
    } catch {
      button.textContent = "Not allowed here";
    }
    setTimeout(() => {
      button.textContent = name;
    }, SAID);
  });
}

// The static pages: any model at the door, Next in an order that no visit shares with another, and links to copy.


const KEY = "verbosify-gallery-order";

const slugs = /** @type {string[]} */ (JSON.parse(document.getElementById("slugs")?.textContent ?? "[]"));

function remembered() {
  try {
    const order = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(order) ? order.filter((slug) => slugs.includes(slug)) : [];
  } catch {
    return []; // a page from a file may remember nothing
  }
}

function remember(order) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(order));
  } catch {
    // then Next is any other one
  }
}

function shuffled(some) {
  const mixed = [...some];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}

function following(present) {
  let order = remembered().filter((slug) => slug !== present);
  if (!order.length) order = shuffled(slugs.filter((slug) => slug !== present));
  remember(order);
  return order[0] ?? present;
}

// At the door, before anything is drawn. Who comes back to it with a link to a place stays.
const atDoor = document.currentScript?.getAttribute("data-door") === "yes";
if (atDoor && slugs.length > 1 && !location.hash) {
  location.replace(`model/${following("")}.html`);
}

document.addEventListener("DOMContentLoaded", () => {
  const main = document.getElementById("main");
  const next = document.getElementById("next");
  const { slug = "", folder = "" } = main?.dataset ?? {};
  if (next instanceof HTMLAnchorElement) next.href = `${folder}${following(slug)}.html`;
  offerLink(document.getElementById("copy"), () => new URL(`${folder}${slug}.html`, location.href).href);
});

})();
