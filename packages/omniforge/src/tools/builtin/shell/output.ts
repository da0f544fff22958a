/** What a command wrote, in bounded memory: the beginning and the end, and how much is missing between them. */
import { repairText } from "../../../protocol/json.ts";

export interface CollectedOutput {
  add(chunk: Buffer): void;
  text(): string;
}

/** Keeps at most so many bytes: half of them from the beginning, half from the end. */
export function collectOutput(maximumBytes: number): CollectedOutput {
  const half = Math.floor(maximumBytes / 2);
  const head: Buffer[] = [];
  let tail: Buffer[] = [];
  let [inHead, inTail, total] = [0, 0, 0];
  return {
    add(chunk) {
      total += chunk.length;
      const first = chunk.subarray(0, half - inHead);
      if (first.length > 0) head.push(first);
      inHead += first.length;
      const rest = chunk.subarray(first.length);
      if (rest.length === 0) return;
      tail.push(rest);
      inTail += rest.length;
      // Cut rarely, so that each byte is copied a few times at most.
      if (inTail > 2 * half) {
        tail = [Buffer.from(Buffer.concat(tail).subarray(-half))];
        inTail = half;
      }
    },
    text() {
      const decode = (pieces: readonly Buffer[]): string => new TextDecoder().decode(Buffer.concat(pieces));
      if (total <= inHead + half) return repairText(decode([...head, ...tail]));
      const end = Buffer.concat(tail).subarray(-half);
      const left = total - inHead - end.length;
      return `${decode(head)}\n[… ${left} bytes left out …]\n${decode([end])}`;
    },
  };
}
