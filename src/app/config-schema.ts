import { z } from "zod";
import { type Layout, parseLayout } from "../plan/layout.ts";
import { ruleNames } from "../plan/original.ts";
import { parseExclude } from "../sources/exclude.ts";
import { type Checked, checkDatabase, checkPath, checkSchema, checkSourceName } from "./config-values.ts";

export const mountChecks = ["auto", "required", "off"] as const;

export type ConfigFields = z.output<ReturnType<typeof configSchema>>;

/** What the TOML file may hold. A value is checked where it stands, so that one problem hides no other. */
export function configSchema(folder: string) {
  const path = text((value) => checkPath(value, folder));
  const layout = text(checkLayout).optional();
  const source = {
    name: text(checkSourceName).optional(),
    path,
    mount: z.enum(mountChecks).optional(),
    exclude: z.array(text(checkExclude)).optional(),
  };
  const layouts = { photo: layout, video: layout, audio: layout, other: layout };
  const archive = {
    path: path.optional(),
    "by-source": z.boolean().optional(),
    layout: z.strictObject(layouts).optional(),
  };
  return z.strictObject({
    database: text(checkDatabase).optional(),
    "database-schema": text(checkSchema).optional(),
    archive: z.strictObject(archive).optional(),
    source: z.array(z.strictObject(source)).optional(),
    keep: z.strictObject({ rules: z.array(z.enum(ruleNames)).optional() }).optional(),
    czkawka: z.strictObject({ command: z.string().min(1).optional() }).optional(),
    scan: z
      .strictObject({
        "exclude-junk": z.boolean().optional(),
        threads: z.number().int().min(0).max(256).optional(),
        "stall-seconds": z.number().int().min(0).max(86_400).optional(),
      })
      .optional(),
  });
}

/** The keys a table may hold, for "did you mean". @param table Names from the document's root, without numbers. */
export function knownKeys(table: readonly string[]): readonly string[] {
  let at: unknown = configSchema("/");
  for (const name of table) {
    const inner = unwrapped(at);
    at = inner instanceof z.ZodObject ? inner.shape[name] : undefined;
  }
  const inner = unwrapped(at);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

function unwrapped(schema: unknown): unknown {
  if (schema instanceof z.ZodOptional) return unwrapped(schema.unwrap());
  return schema instanceof z.ZodArray ? unwrapped(schema.element) : schema;
}

function text<Value>(check: (value: string) => Checked<Value>) {
  return z.string().transform((value, context): Value => {
    const checked = check(value);
    if ("value" in checked) return checked.value;
    context.issues.push({ code: "custom", message: checked.problem, input: value });
    return z.NEVER;
  });
}

function checkLayout(template: string): Checked<Layout> {
  const layout = parseLayout(template);
  return typeof layout === "string" ? { problem: layout } : { value: layout };
}

function checkExclude(pattern: string): Checked<string> {
  const exclude = parseExclude(pattern);
  return typeof exclude === "string" ? { problem: exclude } : { value: pattern };
}
