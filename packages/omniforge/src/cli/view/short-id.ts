/** Task ids as people type them. An id's beginning is its time; its end tells tasks of one moment apart. */

const shown = 8;

/** The end of a task's id, and for a sub-agent its place: `1f0c93ab`, `1f0c93ab.2.0`. */
export function shortId(task: string): string {
  const [root = "", ...place] = task.split(".");
  return [root.slice(-shown), ...place].join(".");
}
