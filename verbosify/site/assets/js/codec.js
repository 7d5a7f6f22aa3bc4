// A reader's choice as a short text for the address bar, and back.
//
//   v1.<choices>.<check>
//
// For each gap in the order of the essay one number: 0 for nothing, else 1 + 3 * offer + kind, where kind 0 is the whole
// offer, 1 some of its sentences (the first and the one after the last follow, as numbers from 0), and 2 one of the offers
// that are no plain sample. Offers are
// numbered as the samples were made, so that a link outlives a rebuild that keeps the samples. Numbers are written as
// bytes of seven bits, lowest first, and those in base64url. The check is 24 bits of a hash of the choices, which tells a
// damaged link, and 24 bits of one of the words chosen, which tells whether they are still the same.

const LINK_VERSION = "v1";

function encodeChoice(choice, piece) {
  const numbers = [];
  choice.forEach((standing, gap) => {
    if (!standing) return numbers.push(0);
    const samples = piece.gaps[gap].s.length;
    const whole = sameStanding(standing, wholeOffer(piece, gap, standing.offer));
    if (standing.offer >= samples) return numbers.push(3 + 3 * (standing.offer - samples));
    numbers.push(1 + 3 * standing.offer + (whole ? 0 : 1));
    if (!whole) numbers.push(standing.first, standing.end);
  });
  while (numbers.length && numbers[numbers.length - 1] === 0) numbers.pop();
  const body = toBase64(numbers.flatMap(toBytes));
  return `${LINK_VERSION}.${body}.${check(piece.id + body)}${check(wordsOf(choice, piece))}`;
}

// What a link says: {choice, same} if it is whole, where `same` tells whether its words are still as they were; else null.
function decodeChoice(text, piece) {
  const match = /^v1\.([\w-]*)\.([\w-]{4})([\w-]{4})$/.exec(text);
  if (!match || check(piece.id + match[1]) !== match[2]) return null;
  const numbers = toNumbers(fromBase64(match[1]));
  const choice = piece.gaps.map(() => null);
  let gap = 0;
  for (let at = 0; at < numbers.length; at += 1, gap += 1) {
    if (numbers[at] === 0) continue;
    const kind = (numbers[at] - 1) % 3;
    const number = (numbers[at] - 1 - kind) / 3;
    if (kind === 1) at += 2;
    if (gap >= choice.length) continue;
    const offer = kind === 2 ? piece.gaps[gap].s.length + number : number;
    const offered = offerAt(piece, gap, offer);
    if (!offered || !offered.u.length) continue;
    const [first, end] = kind === 1 ? [numbers[at - 1], Math.min(numbers[at], offered.u.length)] : [0, offered.u.length];
    if (first < end) choice[gap] = { offer, first, end };
  }
  return { choice, same: check(wordsOf(choice, piece)) === match[3] };
}

function wordsOf(choice, piece) {
  return choice.map((standing, gap) => (standing ? `${gap}:${textOf(piece, gap, standing)}` : "")).join("\n");
}

// FNV-1a over UTF-16 units, folded to 24 bits: four characters.
function check(text) {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ (text.charCodeAt(at) & 0xff), 0x01000193);
    hash = Math.imul(hash ^ (text.charCodeAt(at) >>> 8), 0x01000193);
  }
  hash = (hash ^ (hash >>> 24)) & 0xffffff;
  return toBase64([hash >> 16, (hash >> 8) & 0xff, hash & 0xff]);
}

function toBytes(number) {
  const bytes = [];
  while (number > 127) {
    bytes.push((number & 127) | 128);
    number >>>= 7;
  }
  return [...bytes, number];
}

function toNumbers(bytes) {
  const numbers = [];
  let number = 0;
  let shift = 0;
  for (const byte of bytes) {
    number += (byte & 127) * 2 ** shift;
    shift += 7;
    if (byte < 128) {
      numbers.push(number);
      number = shift = 0;
    }
  }
  return numbers;
}

function toBase64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function fromBase64(text) {
  try {
    return Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (character) => character.charCodeAt(0));
  } catch {
    return [];
  }
}
