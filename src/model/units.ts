/** Numbers as people read them. */

const steps = ["bytes", "kB", "MB", "GB", "TB", "PB"] as const;

/** "0 bytes", "1 byte", "999 bytes", "1.5 kB", "12 MB", "7.2 TB": powers of 1000, as disks are sold. */
export function formatBytes(bytes: number): string {
  const step = Math.min(steps.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  if (step === 0) return bytes === 1 ? "1 byte" : `${formatCount(bytes)} bytes`;
  const value = bytes / 1000 ** step;
  // 999.95 kB would round to "1000 kB".
  if (value >= 999.5 && step < steps.length - 1) return `1.0 ${steps[step + 1]}`;
  return `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ${steps[step]}`;
}

/** "12,345,678". */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** "1 file", "2 files"; `plural` where an s is not enough. */
export function formatNumberOf(count: number, one: string, plural = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : plural}`;
}

/** "0.4 s", "59 s", "3 min 5 s", "2 h 7 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
  return `${Math.floor(whole / 86_400)} d ${Math.floor((whole % 86_400) / 3600)} h`;
}

/** Reads "500", "10k", "1.5 MB", "2GiB"; null if it is no size. k, M, G, T are powers of 1000, Ki, Mi, … of 1024. */
export function parseBytes(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?$/i.exec(text.trim());
  if (match === null) return null;
  const [, number = "", letter = "", binary = ""] = match;
  const power = letter === "" ? 0 : "kmgtp".indexOf(letter.toLowerCase()) + 1;
  const bytes = Number(number) * (binary === "" ? 1000 : 1024) ** power;
  return Number.isSafeInteger(Math.round(bytes)) ? Math.round(bytes) : null;
}

const ages = { h: 3_600, d: 86_400, w: 7 * 86_400, y: 365 * 86_400 } as const;

/** Reads "12h", "90d", "4w", "1y" as seconds; null if it is no such time. */
export function parseAge(text: string): number | null {
  const [, number = "", unit = ""] = /^(\d{1,6})([hdwy])$/.exec(text.trim()) ?? [];
  return number === "" ? null : Number(number) * ages[unit as keyof typeof ages];
}

/** Reads "5%" or "0.5%"; null if it is not more than 0 and at most 100. */
export function parsePercent(text: string): number | null {
  const [, number = ""] = /^(\d+(?:\.\d+)?)%$/.exec(text.trim()) ?? [];
  return number !== "" && Number(number) > 0 && Number(number) <= 100 ? Number(number) : null;
}
