/** Network addresses, as far as letting somebody in depends on them. */
import { isIPv6 } from "node:net";

/** Whom failures are counted against: an IPv4 address, or the network of 64 bits that one IPv6 host has for itself. */
export function networkOf(host: string): string {
  const address = unmapped(host);
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("%", 1).join("").split("::");
  const first = head === "" ? [] : head.split(":");
  const last = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array<string>(Math.max(0, zeros)).fill("0"), ...last].slice(0, 4).join(":");
}

function unmapped(host: string): string {
  const bare = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  return bare.toLowerCase().replace(/^::ffff:(?=\d+\.)/, "");
}
