/** The lines of a text that match. Imports nothing, because `match-worker.ts` loads it for every search. */

/** A line that matched: its number, counted from 1, and its text. */
export interface Hit {
  readonly line: number;
  readonly text: string;
}

/** The part of a line that is looked at. */
const maximumLineUnits = 10_000;

/** The lines of a text for which the test holds; longer lines are tested by their beginning. */
export function matchLines(text: string, test: (line: string) => boolean): Hit[] {
  const hits: Hit[] = [];
  let line = 0;
  for (const whole of text.split("\n")) {
    line++;
    const looked = whole.slice(0, maximumLineUnits).replace(/\r$/, "");
    if (test(looked)) hits.push({ line, text: looked });
  }
  return hits;
}
