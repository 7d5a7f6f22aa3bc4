// Server-sent events out of a stream of text, as the answer to a request brings them. Knows nothing of what they say.

/**
 * Reads what has come so far, and hands on what is whole.
 *
 * @param {(name: string, data: any) => void} heard called with an event's name and its data, which are JSON
 * @returns {(chunk: string) => void} to be given the text as it comes
 */
export function eventReader(heard) {
  let rest = "";
  return (chunk) => {
    const blocks = (rest + chunk).split(/\r?\n\r?\n/);
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      let name = "message";
      /** @type {string[]} */
      const data = [];
      for (const line of block.split(/\r?\n/)) {
        const [, field, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field === "event") name = value;
        else if (field === "data") data.push(value);
      }
      if (data.length) heard(name, JSON.parse(data.join("\n")));
    }
  };
}
