/** Colours that can be read: a store's accent is moved until it has enough contrast, whatever the seller chose. */

/** The colours that text and buttons stand on; `checkout.css` uses the same. */
export const GROUNDS = {
  light: { page: '#f6f6f3', surface: '#ffffff' },
  dark: { page: '#0f1113', surface: '#191c1f' },
} as const

export type Scheme = keyof typeof GROUNDS

export const HOUSE_ACCENT = '#0b6e4f'

/** WCAG 2.2, success criterion 1.4.3, level AA. */
export const MIN_CONTRAST = 4.5

type Rgb = readonly [red: number, green: number, blue: number]

/**
 * The nearest shade of `accent` (`#rrggbb`) that has 4.5:1 against both grounds of a scheme: darkened for light, lightened for
 * dark. As the text on a button takes the colour of the surface, it has the same contrast.
 */
export function readableAccent(accent: string, scheme: Scheme): string {
  const start = parseHex(accent)
  const end: Rgb = scheme === 'light' ? [0, 0, 0] : [255, 255, 255]
  for (let step = 0; step <= 100; step++) {
    const shade = formatHex(mix(start, end, step / 100))
    if (Object.values(GROUNDS[scheme]).every((ground) => contrast(shade, ground) >= MIN_CONTRAST)) return shade
  }
  return formatHex(end)
}

/** From 1 (the same) to 21 (black on white): https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
export function contrast(a: string, b: string): number {
  const [darker = 0, lighter = 0] = [luminance(parseHex(a)), luminance(parseHex(b))].sort((x, y) => x - y)
  return (lighter + 0.05) / (darker + 0.05)
}

function luminance([red, green, blue]: Rgb): number {
  const linear = (channel: number) => {
    const value = channel / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const channel = (a: number, b: number) => Math.round(a + (b - a) * share)
  return [channel(from[0], to[0]), channel(from[1], to[1]), channel(from[2], to[2])]
}

function parseHex(colour: string): Rgb {
  const value = Number.parseInt(colour.slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

function formatHex(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}
