// The recurrent layer's arithmetic, forward and back through time, in AssemblyScript with SIMD. `npm run build:lstm-kernel`
// compiles it into lstm-kernel-binary.ts. It has no data of its own: all addresses point into the caller's memory.
//
// Four sequences at a time go through all steps and back, so that everything they touch stays in the first-level caches.
// With K = nFeatures + units + 1, `theta` holds the weights as one matrix W [K, 4 units] (kernel, recurrent kernel, bias;
// gates in the order input, forget, cell, output), then the head's kernel [units] and bias. In every step
//
//     gates = [x, h, 1] W
//
// Units come in strips of 8, two vectors. Scratch, in this order (f32):
//   constants
//   packed    [4 units / 8, K, 8]         W strip by strip, scaled for the activations below
//   packedT   [units / 8, 4 units, 8]     the recurrent kernel transposed, strip by strip
//   inputs    [nSteps + 1, 4, K]          [x, h, 1] of each step
//   gates     [4 units / 8, nSteps, 4, 8] after their activation; on the way back their gradient before it
//   cells     [units / 8, nSteps + 1, 4, 8]
//   cellsTanh [units / 8, nSteps, 4, 8]
//   dh, dc    [units / 8, 4, 8] each

const ROWS: usize = 4;
const STRIP: usize = 8;
/** Bytes of one row's part of a strip, and of a strip's part of one step: 4 rows. */
const PIECE: usize = 4 * STRIP;
const TILE: usize = ROWS * PIECE;
const LOG2_E: f32 = 1.4426950408889634;

// Constants are read from memory, since V8 builds a constant vector anew, in several instructions, wherever it is used.
const LIMIT: usize = 0;
const LIMIT_BELOW: usize = 16;
const ROUNDER: usize = 32;
const COEFFICIENTS: usize = 48;
const ONE: usize = 128;
const TWO: usize = 144;
const TWO_LOG2_E: usize = 160;
const CONSTANTS: usize = 176;

function storeConstants(to: usize): void {
  v128.store(to, f32x4.splat(126), LIMIT);
  v128.store(to, f32x4.splat(-126), LIMIT_BELOW);
  // 1.5 x 2^23: adding it rounds to a whole number, which then stands in the lowest bits.
  v128.store(to, f32x4.splat(12582912), ROUNDER);
  // 2^f on [-1/2, 1/2] is 1 + f (the first + f (the second + ...)), relative error below 1e-7 (least maximum).
  v128.store(to, f32x4.splat(0.6931470036506653), COEFFICIENTS);
  v128.store(to, f32x4.splat(0.24022242426872253), COEFFICIENTS + 16);
  v128.store(to, f32x4.splat(0.05550733581185341), COEFFICIENTS + 32);
  v128.store(to, f32x4.splat(0.009671512991189957), COEFFICIENTS + 48);
  v128.store(to, f32x4.splat(0.001326472731307149), COEFFICIENTS + 64);
  v128.store(to, f32x4.splat(1), ONE);
  v128.store(to, f32x4.splat(2), TWO);
  v128.store(to, f32x4.splat(2 * LOG2_E), TWO_LOG2_E);
}

/** 2^x */
// @ts-ignore: decorator
@inline
function powerOf2(x: v128, constants: usize): v128 {
  const limited = f32x4.pmax(f32x4.pmin(x, v128.load(constants, LIMIT)), v128.load(constants, LIMIT_BELOW));
  const rounded = f32x4.add(limited, v128.load(constants, ROUNDER));
  const f = f32x4.sub(limited, f32x4.sub(rounded, v128.load(constants, ROUNDER)));
  let p = f32x4.mul(f, v128.load(constants, COEFFICIENTS + 64));
  p = f32x4.mul(f, f32x4.add(p, v128.load(constants, COEFFICIENTS + 48)));
  p = f32x4.mul(f, f32x4.add(p, v128.load(constants, COEFFICIENTS + 32)));
  p = f32x4.mul(f, f32x4.add(p, v128.load(constants, COEFFICIENTS + 16)));
  p = f32x4.mul(f, f32x4.add(p, v128.load(constants, COEFFICIENTS)));
  const one = v128.load(constants, ONE);
  return f32x4.mul(f32x4.add(p, one), i32x4.add(i32x4.shl(rounded, 23), one));
}

/** The sigmoid of x, given -log2(e) x. */
// @ts-ignore: decorator
@inline
function sigmoid(scaled: v128, constants: usize): v128 {
  const one = v128.load(constants, ONE);
  return f32x4.div(one, f32x4.add(one, powerOf2(scaled, constants)));
}

/** The hyperbolic tangent of x, given 2 log2(e) x. */
// @ts-ignore: decorator
@inline
function tanh(scaled: v128, constants: usize): v128 {
  const one = v128.load(constants, ONE);
  const quotient = f32x4.div(v128.load(constants, TWO), f32x4.add(one, powerOf2(scaled, constants)));
  return f32x4.sub(one, quotient);
}

/** 1 - x^2 */
// @ts-ignore: decorator
@inline
function oneLessSquare(x: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(x, x));
}

/** x (1 - x) */
// @ts-ignore: decorator
@inline
function timesOneLess(x: v128): v128 {
  return f32x4.mul(x, f32x4.sub(f32x4.splat(1), x));
}

/** sum + a b, with `a` the number at an address */
// @ts-ignore: decorator
@inline
function addTimes(sum: v128, a: usize, b: v128): v128 {
  return f32x4.add(sum, f32x4.mul(v128.load32_splat(a), b));
}

/** W [K, 4 units] -> packed and scaled, and its rows of the recurrent kernel -> packedT. */
function pack(theta: usize, nFeatures: usize, units: usize, packed: usize, packedT: usize): void {
  const K = nFeatures + units + 1;
  const width = units * 4;
  let to = packed;
  for (let column: usize = 0; column < width; column += STRIP) {
    const scale = f32x4.splat(column >= units * 2 && column < units * 3 ? 2 * LOG2_E : -LOG2_E);
    for (let k: usize = 0; k < K; k++) {
      const from = theta + ((k * width + column) << 2);
      v128.store(to, f32x4.mul(scale, v128.load(from)));
      v128.store(to, f32x4.mul(scale, v128.load(from, 16)), 16);
      to += PIECE;
    }
  }
  to = packedT;
  const recurrent = theta + ((nFeatures * width) << 2);
  for (let unit: usize = 0; unit < units; unit += STRIP) {
    for (let column: usize = 0; column < width; column++) {
      for (let lane: usize = 0; lane < STRIP; lane++) {
        f32.store(to, f32.load(recurrent + (((unit + lane) * width + column) << 2)));
        to += 4;
      }
    }
  }
}

/** Copies the inputs of 4 sequences, of which those beyond `nRows` repeat the first. */
function gather(x: usize, rows: usize, nRows: usize, nSteps: usize, nFeatures: usize, K: usize, inputs: usize): void {
  const size = nFeatures << 2;
  for (let row: usize = 0; row < ROWS; row++) {
    let from = x + <usize>i32.load(rows + ((row < nRows ? row : 0) << 2)) * nSteps * size;
    let to = inputs + ((row * K) << 2);
    for (let step: usize = 0; step < nSteps; step++) {
      memory.copy(to, from, size);
      f32.store(to + ((K - 1) << 2), 1);
      from += size;
      to += (ROWS * K) << 2;
    }
    // The state before the first step.
    memory.fill(inputs + ((row * K + nFeatures) << 2), 0, (K - 1 - nFeatures) << 2);
  }
}

/** gates = [x, h, 1] W of one step, before their activation. */
function multiplyInputs(input: usize, packed: usize, K: usize, units: usize, gates: usize, stripBytes: usize): void {
  const row = K << 2;
  let b = packed;
  for (let column: usize = 0; column < units * 4; column += STRIP) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    let a0 = input;
    const end = input + row;
    while (a0 < end) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      const a1 = a0 + row;
      const a2 = a1 + row;
      const a3 = a2 + row;
      s00 = addTimes(s00, a0, b0);
      s01 = addTimes(s01, a0, b1);
      s10 = addTimes(s10, a1, b0);
      s11 = addTimes(s11, a1, b1);
      s20 = addTimes(s20, a2, b0);
      s21 = addTimes(s21, a2, b1);
      s30 = addTimes(s30, a3, b0);
      s31 = addTimes(s31, a3, b1);
      a0 += 4;
      b += PIECE;
    }
    v128.store(gates, s00, 0);
    v128.store(gates, s01, 16);
    v128.store(gates, s10, 32);
    v128.store(gates, s11, 48);
    v128.store(gates, s20, 64);
    v128.store(gates, s21, 80);
    v128.store(gates, s30, 96);
    v128.store(gates, s31, 112);
    gates += stripBytes;
  }
}

/** Activates the gates of one step and advances the cells; h goes into the inputs of the next step. */
function activate(
  gates: usize, units: usize, nSteps: usize, cells: usize, cellsTanh: usize, nextHidden: usize, K: usize,
  constants: usize,
): void {
  const strip = nSteps * TILE;
  const gate = (units >> 3) * strip;
  for (let unit: usize = 0; unit < units; unit += STRIP) {
    for (let at: usize = 0; at < TILE; at += 16) {
      const i = sigmoid(v128.load(gates + at), constants);
      const f = sigmoid(v128.load(gates + gate + at), constants);
      const g = tanh(v128.load(gates + gate * 2 + at), constants);
      const o = sigmoid(v128.load(gates + gate * 3 + at), constants);
      const c = f32x4.add(f32x4.mul(f, v128.load(cells + at)), f32x4.mul(i, g));
      const t = tanh(f32x4.mul(c, v128.load(constants, TWO_LOG2_E)), constants);
      v128.store(gates + at, i);
      v128.store(gates + gate + at, f);
      v128.store(gates + gate * 2 + at, g);
      v128.store(gates + gate * 3 + at, o);
      v128.store(cells + TILE + at, c);
      v128.store(cellsTanh + at, t);
      // Two vectors a row.
      v128.store(nextHidden + (at >> 5) * (K << 2) + (at & 16), f32x4.mul(o, t));
    }
    gates += strip;
    cells += strip + TILE;
    cellsTanh += strip;
    nextHidden += PIECE;
  }
}

/** From the gradients of h and c after a step: those of the gates before activation, in place, and of c before it. */
function deactivate(
  gates: usize, units: usize, nSteps: usize, cells: usize, cellsTanh: usize, dh: usize, dc: usize,
): void {
  const strip = nSteps * TILE;
  const gate = (units >> 3) * strip;
  for (let unit: usize = 0; unit < units; unit += STRIP) {
    for (let at: usize = 0; at < TILE; at += 16) {
      const i = v128.load(gates + at);
      const f = v128.load(gates + gate + at);
      const g = v128.load(gates + gate * 2 + at);
      const o = v128.load(gates + gate * 3 + at);
      const t = v128.load(cellsTanh + at);
      const h = v128.load(dh + at);
      const c = f32x4.add(v128.load(dc + at), f32x4.mul(f32x4.mul(h, o), oneLessSquare(t)));
      v128.store(gates + at, f32x4.mul(f32x4.mul(c, g), timesOneLess(i)));
      v128.store(gates + gate + at, f32x4.mul(f32x4.mul(c, v128.load(cells + at)), timesOneLess(f)));
      v128.store(gates + gate * 2 + at, f32x4.mul(f32x4.mul(c, i), oneLessSquare(g)));
      v128.store(gates + gate * 3 + at, f32x4.mul(f32x4.mul(h, t), timesOneLess(o)));
      v128.store(dc + at, f32x4.mul(c, f));
    }
    gates += strip;
    cells += strip + TILE;
    cellsTanh += strip;
    dh += TILE;
    dc += TILE;
  }
}

/** dh before a step = gradient of its gates x recurrent kernel transposed. */
function multiplyBack(gates: usize, packedT: usize, units: usize, nSteps: usize, dh: usize): void {
  const strip = nSteps * TILE;
  let b = packedT;
  for (let unit: usize = 0; unit < units; unit += STRIP) {
    let s00 = f32x4.splat(0), s01 = s00, s10 = s00, s11 = s00, s20 = s00, s21 = s00, s30 = s00, s31 = s00;
    let a = gates;
    for (let column: usize = 0; column < units * 4; column += STRIP) {
      for (let lane: usize = 0; lane < PIECE; lane += 4) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const a0 = a + lane;
        s00 = addTimes(s00, a0, b0);
        s01 = addTimes(s01, a0, b1);
        s10 = addTimes(s10, a0 + 32, b0);
        s11 = addTimes(s11, a0 + 32, b1);
        s20 = addTimes(s20, a0 + 64, b0);
        s21 = addTimes(s21, a0 + 64, b1);
        s30 = addTimes(s30, a0 + 96, b0);
        s31 = addTimes(s31, a0 + 96, b1);
        b += PIECE;
      }
      a += strip;
    }
    v128.store(dh, s00, 0);
    v128.store(dh, s01, 16);
    v128.store(dh, s10, 32);
    v128.store(dh, s11, 48);
    v128.store(dh, s20, 64);
    v128.store(dh, s21, 80);
    v128.store(dh, s30, 96);
    v128.store(dh, s31, 112);
    dh += TILE;
  }
}

/** gradient [K, 4 units] += inputs^T x gradient of the gates, over all steps. */
function addWeightGradient(inputs: usize, gates: usize, K: usize, units: usize, nSteps: usize, gradient: usize): void {
  const nRows = nSteps * ROWS;
  const width = units << 4;
  const row = K << 2;
  for (let column: usize = 0; column < units * 4; column += STRIP) {
    let k: usize = 0;
    let to = gradient + (column << 2);
    for (; k + 4 <= K; k += 4) {
      const to1 = to + width;
      const to2 = to1 + width;
      const to3 = to2 + width;
      let s00 = v128.load(to), s01 = v128.load(to, 16), s10 = v128.load(to1), s11 = v128.load(to1, 16);
      let s20 = v128.load(to2), s21 = v128.load(to2, 16), s30 = v128.load(to3), s31 = v128.load(to3, 16);
      let a = inputs + (k << 2);
      let b = gates;
      for (let n: usize = 0; n < nRows; n++) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        s00 = addTimes(s00, a, b0);
        s01 = addTimes(s01, a, b1);
        s10 = addTimes(s10, a + 4, b0);
        s11 = addTimes(s11, a + 4, b1);
        s20 = addTimes(s20, a + 8, b0);
        s21 = addTimes(s21, a + 8, b1);
        s30 = addTimes(s30, a + 12, b0);
        s31 = addTimes(s31, a + 12, b1);
        a += row;
        b += PIECE;
      }
      v128.store(to, s00);
      v128.store(to, s01, 16);
      v128.store(to1, s10);
      v128.store(to1, s11, 16);
      v128.store(to2, s20);
      v128.store(to2, s21, 16);
      v128.store(to3, s30);
      v128.store(to3, s31, 16);
      to += width * 4;
    }
    for (; k < K; k++) {
      let s0 = v128.load(to);
      let s1 = v128.load(to, 16);
      let a = inputs + (k << 2);
      let b = gates;
      for (let n: usize = 0; n < nRows; n++) {
        s0 = addTimes(s0, a, v128.load(b));
        s1 = addTimes(s1, a, v128.load(b, 16));
        a += row;
        b += PIECE;
      }
      v128.store(to, s0);
      v128.store(to, s1, 16);
      to += width;
    }
    gates += nSteps * TILE;
  }
}

/** The head's answer from the state after the last step. */
function head(hidden: usize, weights: usize, units: usize): f32 {
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < units << 2; at += 16) {
    sum = f32x4.add(sum, f32x4.mul(v128.load(hidden + at), v128.load(weights + at)));
  }
  const lanes = f32x4.extract_lane(sum, 0) + f32x4.extract_lane(sum, 1) + (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3));
  return lanes + f32.load(weights + (units << 2));
}

/**
 * Forecasts the sequences `rows` [nRows] (i32) of x [., nSteps, nFeatures] into yHat [nRows]. With a `gradient`
 * (else 0), which must hold zeros, adds to it that of the mean squared error to y[rows] by theta.
 */
export function run(
  theta: usize, x: usize, y: usize, rows: usize, nRows: usize, nSteps: usize, nFeatures: usize, units: usize,
  scratch: usize, yHat: usize, gradient: usize,
): void {
  const K = nFeatures + units + 1;
  const strips = units >> 3;
  const headAt = (units * 4 * K) << 2;
  const packed = scratch + CONSTANTS;
  const packedT = packed + headAt;
  const inputs = packedT + ((units * 4 * units) << 2);
  const gates = inputs + (((nSteps + 1) * ROWS * K) << 2);
  const cells = gates + strips * 4 * nSteps * TILE;
  const cellsTanh = cells + strips * (nSteps + 1) * TILE;
  const dh = cellsTanh + strips * nSteps * TILE;
  const dc = dh + strips * TILE;
  storeConstants(scratch);
  pack(theta, nFeatures, units, packed, packedT);
  const lastHidden = inputs + ((nSteps * ROWS * K + nFeatures) << 2);
  for (let first: usize = 0; first < nRows; first += ROWS) {
    const known = min(ROWS, nRows - first);
    gather(x, rows + (first << 2), known, nSteps, nFeatures, K, inputs);
    for (let strip: usize = 0; strip < strips; strip++) memory.fill(cells + strip * (nSteps + 1) * TILE, 0, TILE);
    for (let step: usize = 0; step < nSteps; step++) {
      multiplyInputs(inputs + ((step * ROWS * K) << 2), packed, K, units, gates + step * TILE, nSteps * TILE);
      const next = inputs + (((step + 1) * ROWS * K + nFeatures) << 2);
      activate(gates + step * TILE, units, nSteps, cells + step * TILE, cellsTanh + step * TILE, next, K, scratch);
    }
    for (let row: usize = 0; row < known; row++) {
      const forecast = head(lastHidden + ((row * K) << 2), theta + headAt, units);
      f32.store(yHat + ((first + row) << 2), forecast);
    }
    if (gradient === 0) continue;
    // dh, from the head; nothing comes from sequences that only fill up the four.
    memory.fill(dh, 0, strips * 2 * TILE);
    for (let row: usize = 0; row < known; row++) {
      const target = f32.load(y + (<usize>i32.load(rows + ((first + row) << 2)) << 2));
      const slope: f32 = (2 * (f32.load(yHat + ((first + row) << 2)) - target)) / <f32>nRows;
      const slopes = f32x4.splat(slope);
      const hidden = lastHidden + ((row * K) << 2);
      for (let at: usize = 0; at < units << 2; at += 16) {
        const to = gradient + headAt + at;
        v128.store(to, f32x4.add(v128.load(to), f32x4.mul(slopes, v128.load(hidden + at))));
        const piece = dh + (at >> 5) * TILE + row * PIECE + (at & 16);
        v128.store(piece, f32x4.mul(slopes, v128.load(theta + headAt + at)));
      }
      const bias = gradient + headAt + (units << 2);
      f32.store(bias, f32.load(bias) + slope);
    }
    for (let step = nSteps; step-- > 0; ) {
      deactivate(gates + step * TILE, units, nSteps, cells + step * TILE, cellsTanh + step * TILE, dh, dc);
      if (step > 0) multiplyBack(gates + step * TILE, packedT, units, nSteps, dh);
    }
    addWeightGradient(inputs, gates, K, units, nSteps, gradient);
  }
}
