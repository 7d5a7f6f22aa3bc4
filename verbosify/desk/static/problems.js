// What went wrong with a request, as the server tells it or as the browser finds out. Knows no page.

/** A request that failed; `message` is one sentence to show, and `code` the contract's word, or "away" for no answer. */
export class Problem extends Error {
  /** @param {{ status?: number, code?: string, detail?: string, title?: string, [more: string]: any }} problem */
  constructor(problem) {
    super(problem.detail || problem.title || "Something went wrong that has no name.");
    this.status = problem.status ?? 0;
    this.code = problem.code ?? "fault";
    this.more = problem;
  }
}

/** No answer: the server is not running, or cannot be reached. */
export function away() {
  return new Problem({ code: "away", detail: "The desk does not answer. Your text is safe in this browser." });
}

/**
 * Whatever was thrown, as a problem.
 *
 * @param {unknown} error
 * @returns {Problem}
 */
export function asProblem(error) {
  if (error instanceof Problem) return error;
  return new Problem({ code: "fault", detail: error instanceof Error ? error.message : String(error) });
}
