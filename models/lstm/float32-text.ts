/** Numbers as text: 32-bit floats, little-endian, in base64. */
export function float32Text(values: Float32Array): string {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setFloat32(4 * i, value, true));
  let binary = '';
  for (let i = 0; i < view.byteLength; i++) binary += String.fromCharCode(view.getUint8(i));
  return btoa(binary);
}

/**
 * Reads what `float32Text` wrote.
 * @throws RangeError when it is not the text of `length` finite numbers
 */
export function float32sFrom(text: string, length: number): Float32Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch (error) {
    throw new RangeError('it is not base64', { cause: error });
  }
  if (binary.length !== 4 * length) throw new RangeError(`it holds ${binary.length} bytes, expected ${4 * length}`);
  const view = new DataView(Uint8Array.from(binary, (character) => character.charCodeAt(0)).buffer);
  const values = Float32Array.from({ length }, (_, i) => view.getFloat32(4 * i, true));
  if (!values.every(Number.isFinite)) throw new RangeError('it holds something that is no finite number');
  return values;
}
