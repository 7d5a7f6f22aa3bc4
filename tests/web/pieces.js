// Pieces in the shape that the page's script is handed, small and made by rule.

import { readPiece } from "../../verbosify/site/assets/js/piece.js";

/** A piece of so many gaps, each with samples of three, two and one sentence and one offer put together by hand. */
export function pieceOf(gaps, change = (row) => row) {
  const offer = (gap, number, sentences) => ({
    i: gap * 10 + number,
    b: 0,
    r: number + 1,
    u: Array.from({ length: sentences }, (_, at) => ` Gap ${gap}, sample ${number}, sentence ${at}.`),
    w: Array.from({ length: sentences }, () => 6),
    c: number / 10,
  });
  const rows = Array.from({ length: gaps }, (_, gap) =>
    change({
      p: gap,
      s: [offer(gap, 0, 3), offer(gap, 1, 2), offer(gap, 2, 1)],
      x: [{ u: [" Edited.", " Twice."], w: [1, 1], n: [0, 1], e: 1 }],
    }),
  );
  return readPiece(
    JSON.stringify({
      id: "abababababababab",
      title: "A piece",
      words: 10 * gaps + 10,
      between: Array.from({ length: gaps + 1 }, () => 10),
      ends: [gaps - 1],
      readings: [
        {
          name: "fluffy",
          label: "Fluffy",
          page: "index.html",
          by: "",
          gaps: rows.map((_, gap) => [gap, gap % 2, 0, 1]),
        },
        { name: "sparse", label: "Sparse", page: "sparse.html", by: "", gaps: [] },
      ],
      measures: [],
      batches: [[]],
      gaps: rows,
    }),
  );
}

/** Numbers below a bound, the same ones from the same seed. */
export function chanceOf(seed) {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state % bound;
  };
}

/** Any choice that a reader could make. */
export function anyChoice(piece, chance) {
  return piece.gaps.map(({ s: samples, x: extras = [] }) => {
    const offer = chance(samples.length + extras.length + 1) - 1;
    if (offer < 0) return null;
    if (offer >= samples.length) return { offer, first: 0, end: extras[offer - samples.length].u.length };
    const first = chance(samples[offer].u.length);
    return { offer, first, end: first + 1 + chance(samples[offer].u.length - first) };
  });
}
