// A reader's choice goes through a link unchanged, and what is no link of this piece is known for one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeChoice, encodeChoice } from "../../verbosify/site/assets/js/codec.js";
import { anyChoice, chanceOf, pieceOf } from "./pieces.js";

test("any choice comes back from its link", () => {
  const chance = chanceOf(7);
  for (let round = 0; round < 200; round += 1) {
    const piece = pieceOf(1 + chance(30));
    const choice = anyChoice(piece, chance);
    const link = encodeChoice(choice, piece);
    assert.match(link, /^v1\.[\w-]*\.[\w-]{8}$/);
    assert.deepEqual(decodeChoice(link, piece), { choice, same: true });
  }
});

test("links that were made before are read as they were meant", () => {
  const piece = pieceOf(4);
  assert.deepEqual(decodeChoice("v1.AQUBAgAD.hMcisN3I", piece), {
    choice: [{ offer: 0, first: 0, end: 3 }, { offer: 1, first: 1, end: 2 }, null, { offer: 3, first: 0, end: 2 }],
    same: true,
  });
});

test("nothing chosen is the shortest link", () => {
  const piece = pieceOf(3);
  assert.match(encodeChoice([null, null, null], piece), /^v1\.\.[\w-]{8}$/);
});

test("a link in which one character is another is damaged", () => {
  const piece = pieceOf(6);
  const link = encodeChoice(anyChoice(piece, chanceOf(3)), piece);
  const body = link.split(".")[1];
  for (let at = 0; at < body.length; at += 1) {
    const other = body[at] === "A" ? "B" : "A";
    assert.equal(
      decodeChoice(`v1.${body.slice(0, at)}${other}${body.slice(at + 1)}.${link.split(".")[2]}`, piece),
      null,
    );
  }
  for (const text of ["", "v1", "v2.x", "v1..AAAAAAAA", "v1.%.!!", link.slice(0, -1), `${link}A`]) {
    assert.equal(decodeChoice(text, piece), null);
  }
});

test("a link of another piece is damaged", () => {
  const [piece, other] = [pieceOf(3), { ...pieceOf(3), id: "cdcdcdcdcdcdcdcd" }];
  assert.equal(decodeChoice(encodeChoice([null, null, null], other), piece), null);
});

test("a link outlives samples that came later, and tells when its words have changed", () => {
  const piece = pieceOf(3);
  const choice = [{ offer: 0, first: 0, end: 2 }, null, { offer: 1, first: 0, end: 2 }];
  const link = encodeChoice(choice, piece);
  const later = pieceOf(3, (row) => ({ ...row, s: [...row.s, { ...row.s[0], u: [" Later."], w: [1] }] }));
  assert.deepEqual(decodeChoice(link, later), { choice, same: true });
  const changed = pieceOf(3, (row) => ({
    ...row,
    s: [{ ...row.s[0], u: [" Other.", " Words.", " Here."] }, ...row.s.slice(1)],
  }));
  assert.deepEqual(decodeChoice(link, changed), { choice, same: false });
});

test("what the page no longer carries is left empty", () => {
  const piece = pieceOf(2);
  const link = encodeChoice(
    [
      { offer: 1, first: 0, end: 2 },
      { offer: 0, first: 0, end: 3 },
    ],
    piece,
  );
  const left = pieceOf(2, (row) => ({ ...row, s: [row.s[0], { u: [], w: [] }, row.s[2]] }));
  assert.deepEqual(decodeChoice(link, left), { choice: [null, { offer: 0, first: 0, end: 3 }], same: false });
});
