// Fetches the timeline again and again, so that a reply appears when it is there. Without a script, a reload shows it.

const EVERY = 2000;

/** @param {Document} page @returns {HTMLElement | null} */
const postsOf = (page) => page.querySelector("#posts[data-newest]");

/** Replaces the posts by those of the server, unless somebody is at them with the keyboard. */
async function refresh() {
  const shown = postsOf(document);
  if (shown && !document.hidden && !shown.contains(document.activeElement)) {
    try {
      const answer = await fetch("/", { headers: { accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const posts = postsOf(page);
      if (answer.ok && posts && posts.dataset.newest !== shown.dataset.newest)
        shown.replaceWith(document.adoptNode(posts));
    } catch {
      // The server is away for a moment; what is shown stays.
    }
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);
