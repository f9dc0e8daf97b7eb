/** The text colour for a background in this colour; undefined when the browser knows no such colour. */
export function textOn(colour: string): string | undefined {
  const rgb = rgbOf(colour);
  return rgb && (contrast(luminance(rgb), 1) >= 4.5 ? '#fff' : contrastOfInk(rgb));
}

const ink = [22, 32, 29] as const;

/** White stays where dark text would be no better to read. */
function contrastOfInk(rgb: readonly number[]): string {
  const own = luminance(rgb);
  return contrast(own, luminance(ink)) > contrast(own, 1) ? `rgb(${ink.join(' ')})` : '#fff';
}

/** Any CSS colour as bytes. A canvas is the one place where browsers convert every notation. */
function rgbOf(colour: string): readonly number[] | undefined {
  if (!CSS.supports('color', colour)) return undefined;
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  if (!canvas) return undefined;
  canvas.fillStyle = colour;
  // Plain colours are told as text, also where a browser hides pixels from pages.
  const hex = /^#(..)(..)(..)$/.exec(canvas.fillStyle);
  if (hex) return hex.slice(1).map((byte) => Number.parseInt(byte, 16));
  canvas.fillRect(0, 0, 1, 1);
  return [...canvas.getImageData(0, 0, 1, 1).data.slice(0, 3)];
}

/** WCAG 2.2, relative luminance of sRGB bytes. */
function luminance(rgb: readonly number[]): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((byte) => {
    const part = byte / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** WCAG 2.2, contrast ratio. */
function contrast(one: number, other: number): number {
  return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
}
