// Numbers in words.

/** @param {number | null} value */
export function percent(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

/** @param {number} number @param {string} noun */
export function count(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
