// JSON whose integers keep their digits. JavaScript's numbers end at 2^53: beyond it a seed, a counter or a frame would silently be
// another one. Such integers are read as text, which whoever needs a number turns into the nearest one.

const stringOrNumber = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** No integer of fewer digits is too long. */
const longInteger = /\d{16}/;

/** Fails as `JSON.parse` does. Integers beyond ±(2^53 - 1) become strings with all their digits. */
export function parseExactJson(text: string): unknown {
  if (!longInteger.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(stringOrNumber, (token) => {
    const isLong = !token.startsWith('"') && /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token));
    return isLong ? `"${token}"` : token;
  }));
}

const token = /"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s"[\]{},:]+/g;

/** JSON on indented lines, every value with the characters that it came with; text that is no JSON as it is. */
export function indentJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let [made, depth] = ["", 0];
  const tokens = text.match(token) ?? [];
  const line = () => `\n${"  ".repeat(depth)}`;
  tokens.forEach((part, place) => {
    const isEmptied = (part === "}" || part === "]") && /[[{]/.test(tokens[place - 1] ?? "") && tokens[place - 1]?.length === 1;
    if (part === "{" || part === "[") {
      depth += 1;
      made += part + (/^[}\]]$/.test(tokens[place + 1] ?? "") ? "" : line());
    } else if (part === "}" || part === "]") {
      depth -= 1;
      made += (isEmptied ? "" : line()) + part;
    } else {
      made += part === "," ? part + line() : part === ":" ? ": " : part;
    }
  });
  return made;
}
