/**
 * Which addresses of the internet are public.
 *
 * Owns: the decision about one address, as it is connected to. Does not own: how names become addresses
 * (`connection.ts`).
 *
 * Invariants
 * 1. What isn't known to be public is not public: of IPv6 only the unicast range that is handed out, less its special parts.
 * 2. An IPv6 address that carries an IPv4 address (mapped, NAT64, 6to4, Teredo) is never public, whatever it carries.
 * 3. What is not an address at all is not public.
 */
import { BlockList, isIP } from "node:net";

/** IANA's special-purpose ranges, and the address at which a large cloud keeps its hosts' secrets. */
const special4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "168.63.129.16/32",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.31.196.0/24",
  "192.52.193.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "192.175.48.0/24",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
];

const unicast6 = ["2000::/3"];

/** Within the unicast range: protocol assignments with Teredo and ORCHID, 6to4, documentation, the AS112 servers. */
const special6 = ["2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20"];

function ranges(family: "ipv4" | "ipv6", written: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of written) {
    const [network = "", prefix = ""] = range.split("/");
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}

const refused4 = ranges("ipv4", special4);
const granted6 = ranges("ipv6", unicast6);
const refused6 = ranges("ipv6", special6);

/** Whether this is the address of a machine that anybody on the internet may reach. */
export function isPublic(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refused4.check(address, "ipv4");
    case 6:
      // A zone names an interface of this machine.
      return !address.includes("%") && granted6.check(address, "ipv6") && !refused6.check(address, "ipv6");
    default:
      return false;
  }
}
