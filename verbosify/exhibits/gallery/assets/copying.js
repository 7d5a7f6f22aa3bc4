// A button that copies a link.

const SAID = 1500; // milliseconds

/**
 * Shows the button, which the page has hidden since it needs a script.
 *
 * @param {HTMLElement | null} button
 * @param {() => string} link
 */
export function offerLink(button, link) {
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
