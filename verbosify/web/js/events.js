// Reads server-sent events from an answer to `fetch`, which, unlike EventSource, can post.

/** @typedef {{ name: string, data: any }} ServerEvent */

/**
 * The events of an answer, as they come; comments are left out.
 *
 * @param {Response} response
 * @returns {AsyncGenerator<ServerEvent, void>}
 */
export async function* readEvents(response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const event = eventOf(part);
        if (event) yield event;
      }
    }
  } finally {
    await reader.cancel();
  }
}

/** @param {string} part @returns {ServerEvent | null} */
function eventOf(part) {
  let name = "message";
  let data = "";
  for (const line of part.split("\n")) {
    if (line.startsWith("event: ")) name = line.slice(7);
    else if (line.startsWith("data: ")) data += line.slice(6);
  }
  return data ? { name, data: JSON.parse(data) } : null;
}
