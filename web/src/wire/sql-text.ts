// SQL with its parameters in their places, so that the text can be run as it stands.

const quotedOrParameter = /'(?:[^'\\]|\\[^])*'|`(?:[^`\\]|\\[^])*`|\{(\w+):(\w+)\}/g;

/** A text in ClickHouse's quotes. */
function literal(text: string): string {
  const escapes: Record<string, string> = { "\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\0": "\\0" };
  return `'${text.replace(/[\\'\n\r\0]/g, (letter) => escapes[letter] as string)}'`;
}

/** `{run:String}` becomes `'flight-7'`, `{from:UInt64}` becomes `100`; what stands in quotes is no parameter. */
export function fillParameters(sql: string, parameters: Readonly<Record<string, string>>): string {
  return sql.replace(quotedOrParameter, (found: string, name: string | undefined, type: string | undefined) => {
    const value = name === undefined ? undefined : parameters[name];
    if (value === undefined) return found;
    return type !== "String" && /^-?\d+$/.test(value) ? value : literal(value);
  });
}
