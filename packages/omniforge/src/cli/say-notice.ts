/** What a process that runs on its own says of what it finds around it. */
import { visible } from "./view/visible.ts";

export function sayNotice(notice: string): void {
  process.stderr.write(`${visible(`omniforge: ${notice}`)}\n`);
}
