// Finds commands by what the user types. Pure.

/** How well `text` fits, smaller is better; Infinity: not at all. All words must occur; beginnings of words count more. */
function misfit(title: string, section: string, words: readonly string[]): number {
  let sum = 0;
  for (const word of words) {
    const place = title.indexOf(word);
    if (place === 0) continue;
    if (place > 0) sum += title[place - 1] === " " ? 1 : 2;
    else if (section.includes(word)) sum += 3;
    else if (isSpreadOver(word, title)) sum += 10;
    else return Infinity;
  }
  return sum;
}

/** The letters occur in this order, with others between: "alr" in "all runs". */
function isSpreadOver(letters: string, text: string): boolean {
  let place = -1;
  return [...letters].every((letter) => (place = text.indexOf(letter, place + 1)) >= 0);
}

/** Those that fit, best first; equally good ones stay in their order. */
export function searchCommands<T extends { readonly title: string; readonly section: string }>(commands: readonly T[], text: string): T[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const ranked = commands.map((command) => ({
    command, misfit: misfit(command.title.toLowerCase(), command.section.toLowerCase(), words),
  }));
  return ranked.filter((entry) => entry.misfit < Infinity).sort((a, b) => a.misfit - b.misfit).map((entry) => entry.command);
}

/** By section, sections and their members in the order in which they came. */
export function bySection<T extends { readonly section: string }>(commands: readonly T[]): [section: string, members: T[]][] {
  const sections = new Map<string, T[]>();
  for (const command of commands) sections.set(command.section, [...(sections.get(command.section) ?? []), command]);
  return [...sections];
}
