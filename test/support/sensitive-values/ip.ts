import fc from "fast-check";

const octet = fc.integer({ min: 0, max: 255 });
/** First octets with no range that is set apart. */
const first = fc.constantFrom(5, 23, 46, 62, 81, 85, 93, 109, 151, 178, 195, 212, 217);
const ipv4 = fc
  .tuple(
    fc.constantFrom("IP: ", "client ip ", "remote address "),
    first,
    octet,
    octet,
    fc.integer({ min: 20, max: 254 }),
  )
  .map(([context, ...octets]) => context + octets.join("."));

const group = fc.integer({ min: 0, max: 0xffff }).map((value) => value.toString(16));
const ipv6 = fc
  .tuple(
    fc.constantFrom("2003", "2a02", "2600", "2409"),
    fc.array(group, { minLength: 7, maxLength: 7 }),
    fc.integer({ min: 1, max: 6 }),
  )
  .map(([head, rest, shortened]) =>
    shortened > 4
      ? `${head}:${rest.slice(0, 2).join(":")}::${rest.slice(shortened).join(":")}`
      : `${head}:${rest.join(":")}`,
  );

/** Public addresses; those of version 4 with words that say what they are. */
export const ip: fc.Arbitrary<string> = fc.oneof(ipv4, ipv6);
