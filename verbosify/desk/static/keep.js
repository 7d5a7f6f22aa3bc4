// What a browser keeps by itself: words that the server has not saved yet, and how one likes the desk. Knows no server.

/**
 * Words of one tab that were not saved: what was typed, a text a pause, the node they began at, and where they are kept.
 *
 * @typedef {{ node: number, texts: string[], at: number, place?: string }} Unsaved
 */
/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem" | "key" | "length">} Shelf */

const KEPT = "verbosify-desk";

/**
 * @param {Shelf} shelf the browser's, or another that does as it does
 * @param {string} tab this tab's own name
 */
export function makeKeeper(shelf, tab) {
  const placeOf = (/** @type {string} */ draft, /** @type {string} */ of) => `${KEPT} ${draft} ${of}`;
  return {
    /** @param {string} draft @param {Unsaved | null} unsaved @returns {boolean} whether there was room */
    keep(draft, unsaved) {
      try {
        if (unsaved) shelf.setItem(placeOf(draft, tab), JSON.stringify(unsaved));
        else shelf.removeItem(placeOf(draft, tab));
        return true;
      } catch {
        return false;
      }
    },
    /**
     * What this tab and tabs that are gone have left of a draft, oldest first. It stays until it is forgotten.
     *
     * @param {string} draft
     * @param {ReadonlySet<string>} alive the tabs that are open
     * @returns {Unsaved[]}
     */
    left(draft, alive) {
      const start = placeOf(draft, "");
      const places = Array.from({ length: shelf.length }, (_, at) => shelf.key(at) ?? "").filter((place) => {
        const of = place.slice(start.length);
        return place.startsWith(start) && (of === tab || !alive.has(of));
      });
      const found = places.map((place) => read(shelf, place));
      return found.filter((unsaved) => unsaved !== null).sort((a, b) => a.at - b.at);
    },
    /** Other tabs' words that were found are this tab's matter now. @param {Unsaved[]} found */
    forget(found) {
      for (const { place } of found) if (place && !place.endsWith(` ${tab}`)) shelf.removeItem(place);
    },
    /** @param {string} name @param {any} initial @returns {any} */
    liking(name, initial) {
      try {
        return JSON.parse(shelf.getItem(`${KEPT}: ${name}`) ?? "null") ?? initial;
      } catch {
        return initial;
      }
    },
    /** @param {string} name @param {any} value */
    like(name, value) {
      try {
        shelf.setItem(`${KEPT}: ${name}`, JSON.stringify(value));
      } catch {
        // What one likes is asked again another day.
      }
    },
  };
}

/** @typedef {ReturnType<typeof makeKeeper>} Keeper */

/** @param {Shelf} shelf @param {string} place @returns {Unsaved | null} */
function read(shelf, place) {
  try {
    const { node, texts, at } = JSON.parse(shelf.getItem(place) ?? "");
    return Number.isInteger(node) && Array.isArray(texts) && texts.length
      ? { node, texts: texts.map(String), at, place }
      : null;
  } catch {
    return null;
  }
}

/**
 * A name for this tab that no other open one has, the same after it was loaded again, and the names of those open.
 *
 * @returns {Promise<{ tab: string, alive: () => Promise<Set<string>> }>}
 */
export async function nameTab() {
  const fresh = () => Math.random().toString(36).slice(2, 10);
  let tab = sessionStorage.getItem(KEPT) ?? fresh();
  if (navigator.locks) {
    // A tab that was duplicated has its original's name.
    if (!(await locked(tab))) tab = fresh();
    if (!(await locked(tab))) tab = fresh();
  }
  sessionStorage.setItem(KEPT, tab);
  const alive = async () => {
    const locks = (await navigator.locks?.query())?.held ?? [];
    const names = locks.map(({ name }) => name?.split(" ")).filter((parts) => parts?.[0] === KEPT);
    return new Set(names.map((parts) => parts?.[1] ?? ""));
  };
  return { tab, alive };
}

/** @param {string} tab @returns {Promise<boolean>} whether the name is ours now, for as long as the tab is open */
function locked(tab) {
  return new Promise((resolve) => {
    navigator.locks.request(`${KEPT} ${tab}`, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}
