// Numbers as a short text that may stand in an address, and a check of a text. Knows no meaning of either.

/**
 * Whole numbers from 0 as bytes of seven bits, lowest first, and those in base64url.
 *
 * @param {number[]} numbers
 */
export function packNumbers(numbers) {
  return toBase64(numbers.flatMap(toBytes));
}

/**
 * The numbers that `packNumbers` packed; of a text that is no base64url none.
 *
 * @param {string} text
 */
export function unpackNumbers(text) {
  const numbers = [];
  let number = 0;
  let shift = 0;
  for (const byte of fromBase64(text)) {
    number += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(number);
      number = shift = 0;
    }
  }
  return numbers;
}

/**
 * FNV-1a over UTF-16 units, folded to 24 bits: four characters.
 *
 * @param {string} text
 */
export function checkOf(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ (text.charCodeAt(at) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(at) >>> 8), 0x01000193);
  }
  hash = (hash ^ (hash >>> 24)) & 0xffffff;
  return toBase64([hash >> 16, (hash >> 8) & 0xff, hash & 0xff]);
}

/** @param {number} number */
function toBytes(number) {
  const bytes = [];
  let left = number;
  while (left > 127) {
    bytes.push((left & 127) | 128);
    left >>>= 7;
  }
  return [...bytes, left];
}

/** @param {number[]} bytes */
function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {string} text */
function fromBase64(text) {
  try {
    return Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}
