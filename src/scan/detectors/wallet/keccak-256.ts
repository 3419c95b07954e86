/**
 * Keccak-256 as it was submitted to NIST, with other padding than SHA3-256, which is what Ethereum and Monero use and
 * `node:crypto` does not have. For messages of one block, 135 bytes, at most. The reference is https://keccak.team.
 */
const ROUNDS = 24;
const LANES = 25;
const RATE_BYTES = 136;

/** Where each lane goes in the rho and pi steps, and by how many bits it turns. */
const TARGETS = new Uint8Array(LANES);
const TURNS = new Uint8Array(LANES);
/** The two halves of each round's constant, from the shift register that the standard defines them by. */
const CONSTANTS_LOW = new Uint32Array(ROUNDS);
const CONSTANTS_HIGH = new Uint32Array(ROUNDS);

function prepare(): void {
  let x = 1;
  let y = 0;
  for (let step = 0; step < LANES - 1; step++) {
    const nextY = (2 * x + 3 * y) % 5;
    TURNS[x + 5 * y] = (((step + 1) * (step + 2)) / 2) % 64;
    x = y;
    y = nextY;
  }
  for (let lane = 0; lane < LANES; lane++) {
    const column = lane % 5;
    const row = (lane - column) / 5;
    TARGETS[lane] = row + 5 * ((2 * column + 3 * row) % 5);
  }
  let register = 1;
  for (let round = 0; round < ROUNDS; round++) {
    for (let bit = 0; bit < 7; bit++) {
      const place = (1 << bit) - 1;
      if ((register & 1) === 1) {
        if (place < 32) CONSTANTS_LOW[round] = (CONSTANTS_LOW[round] ?? 0) | (1 << place);
        else CONSTANTS_HIGH[round] = (CONSTANTS_HIGH[round] ?? 0) | (1 << (place - 32));
      }
      register = (register & 0x80) === 0 ? register << 1 : (register << 1) ^ 0x171;
    }
  }
}
prepare();

// Lanes of 64 bits as halves of 32, which the processor can do at once and a BigInt cannot.
const low = new Int32Array(LANES);
const high = new Int32Array(LANES);
const movedLow = new Int32Array(LANES);
const movedHigh = new Int32Array(LANES);
const parityLow = new Int32Array(5);
const parityHigh = new Int32Array(5);

const at = (lanes: Int32Array, lane: number): number => lanes[lane] ?? 0;

function theta(): void {
  for (let x = 0; x < 5; x++) {
    parityLow[x] = at(low, x) ^ at(low, x + 5) ^ at(low, x + 10) ^ at(low, x + 15) ^ at(low, x + 20);
    parityHigh[x] = at(high, x) ^ at(high, x + 5) ^ at(high, x + 10) ^ at(high, x + 15) ^ at(high, x + 20);
  }
  for (let x = 0; x < 5; x++) {
    const right = x === 4 ? 0 : x + 1;
    const left = x === 0 ? 4 : x - 1;
    const maskLow = at(parityLow, left) ^ ((at(parityLow, right) << 1) | (at(parityHigh, right) >>> 31));
    const maskHigh = at(parityHigh, left) ^ ((at(parityHigh, right) << 1) | (at(parityLow, right) >>> 31));
    for (let lane = x; lane < LANES; lane += 5) {
      low[lane] = at(low, lane) ^ maskLow;
      high[lane] = at(high, lane) ^ maskHigh;
    }
  }
}

function rhoAndPi(): void {
  for (let lane = 0; lane < LANES; lane++) {
    const turn = TURNS[lane] ?? 0;
    const target = TARGETS[lane] ?? 0;
    const first = turn < 32 ? at(low, lane) : at(high, lane);
    const second = turn < 32 ? at(high, lane) : at(low, lane);
    const rest = turn & 31;
    // A shift by 32 would be one by 0.
    movedLow[target] = rest === 0 ? first : (first << rest) | (second >>> (32 - rest));
    movedHigh[target] = rest === 0 ? second : (second << rest) | (first >>> (32 - rest));
  }
}

/** One half of the state: the other half takes no part in it. */
function chi(from: Int32Array, to: Int32Array): void {
  for (let row = 0; row < LANES; row += 5) {
    const a = at(from, row);
    const b = at(from, row + 1);
    const c = at(from, row + 2);
    const d = at(from, row + 3);
    const e = at(from, row + 4);
    to[row] = a ^ (~b & c);
    to[row + 1] = b ^ (~c & d);
    to[row + 2] = c ^ (~d & e);
    to[row + 3] = d ^ (~e & a);
    to[row + 4] = e ^ (~a & b);
  }
}

const block = new Uint8Array(RATE_BYTES);
const words = new DataView(block.buffer);
const digest = new Uint8Array(32);
const digestWords = new DataView(digest.buffer);

/** The 32 bytes of the hash, valid until the next call. */
export function keccak256(message: Uint8Array): Uint8Array {
  if (message.length >= RATE_BYTES) throw new Error("a message for Keccak is longer than one block");
  block.fill(0);
  block.set(message);
  block[message.length] = 1;
  block[RATE_BYTES - 1] = (block[RATE_BYTES - 1] ?? 0) | 0x80;
  low.fill(0);
  high.fill(0);
  for (let lane = 0; lane < RATE_BYTES / 8; lane++) {
    low[lane] = words.getInt32(8 * lane, true);
    high[lane] = words.getInt32(8 * lane + 4, true);
  }
  for (let round = 0; round < ROUNDS; round++) {
    theta();
    rhoAndPi();
    chi(movedLow, low);
    chi(movedHigh, high);
    low[0] = at(low, 0) ^ (CONSTANTS_LOW[round] ?? 0);
    high[0] = at(high, 0) ^ (CONSTANTS_HIGH[round] ?? 0);
  }
  for (let lane = 0; lane < 4; lane++) {
    digestWords.setInt32(8 * lane, at(low, lane), true);
    digestWords.setInt32(8 * lane + 4, at(high, lane), true);
  }
  return digest;
}
