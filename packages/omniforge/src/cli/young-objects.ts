/**
 * The room that V8 gives to young objects. Loading a server fills it again and again, so V8 doubles it to 32 MB, and keeps
 * it: memory that a server which waits for its first request never uses. So it is held until the server listens.
 */
import { setFlagsFromString } from "node:v8";

const flag = "--semi-space-growth-factor";

/** Keeps the room as small as a process begins with. Loading takes a few hundredths of a second longer. */
export function holdYoungObjects(): void {
  setFlagsFromString(`${flag}=1`);
}

/** Lets it grow with the load, as V8 does by itself. */
export function releaseYoungObjects(): void {
  setFlagsFromString(`${flag}=2`);
}
