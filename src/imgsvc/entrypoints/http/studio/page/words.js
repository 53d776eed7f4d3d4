// Numbers and times as people read them.

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** Bytes in units of a thousand, as shops and most systems tell them. */
export function bytes(count) {
  const step = count < 1000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(count) / 3));
  const value = count / 1000 ** step;
  return `${step && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[step]}`;
}

export const number = (value) => new Intl.NumberFormat("en").format(value);

export const plural = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

export const size = (width, height) => `${width} × ${height}`;

/** "JPEG" of "image/jpeg". */
export const kind = (mediaType) => mediaType.replace(/^image\//, "").toUpperCase();

export const when = (time) => new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

/** How long something took, of milliseconds. */
export function took(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return milliseconds < 60_000 ? `${(milliseconds / 1000).toFixed(1)} s` : `${Math.round(milliseconds / 60_000)} min`;
}
