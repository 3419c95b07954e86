import { csvHeader, csvLines } from "../audit/csv.ts";
import type { AuditEvent } from "../audit/event.ts";
import { ok, type Result } from "../core/result.ts";
import type { AuditCursor, AuditFailure, AuditFilter, AuditReader } from "../gateway/deps.ts";
import { auditEventBody } from "./audit-body.ts";
import type { ExportFormat } from "./schemas/export-formats.ts";

/** Few enough that writing them holds nobody up for long. */
const PAGE_ROWS = 500;

type Format = {
  readonly contentType: string;
  readonly header: string;
  readonly lines: (events: readonly AuditEvent[]) => string;
};

export const FORMATS: Readonly<Record<ExportFormat, Format>> = {
  ndjson: {
    contentType: "application/x-ndjson",
    header: "",
    lines: (events) => events.map((event) => `${JSON.stringify(auditEventBody(event))}\n`).join(""),
  },
  csv: { contentType: "text/csv; charset=utf-8; header=present", header: csvHeader(), lines: csvLines },
};

/**
 * All rows that fit, newest first, as text, page by page: one page in memory, and none read before it is asked for. After
 * a failure nothing comes any more. Each page is what the database holds at that moment, so rows that come meanwhile are
 * part of it only where their time puts them behind what was read.
 */
export async function* exportRows(
  reader: Pick<AuditReader, "search">,
  filter: AuditFilter,
  format: ExportFormat,
): AsyncGenerator<Result<string, AuditFailure>> {
  const { header, lines } = FORMATS[format];
  let pending = header;
  let cursor: AuditCursor | null = null;
  do {
    const page = await reader.search(filter, cursor, PAGE_ROWS);
    if (!page.ok) {
      yield page;
      return;
    }
    yield ok(pending + lines(page.value.events));
    pending = "";
    cursor = page.value.next;
  } while (cursor !== null);
}

/** The same, and tells when nothing more will be read. Nothing is held before the first is asked for. */
export async function* untilOver<T>(items: AsyncGenerator<T>, onOver: () => void): AsyncGenerator<T, void, undefined> {
  try {
    yield* items;
  } finally {
    onOver();
  }
}

/**
 * The rest of an export, behind what was read of it already. Where it cannot be read to its end the connection breaks
 * off, so that nobody takes it for whole.
 */
export function exportStream(first: string, rest: AsyncGenerator<Result<string, AuditFailure>>) {
  const text = new TextEncoder();
  let chunk: string | null = first;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        // A pull that writes nothing would not be repeated.
        while (chunk === "") chunk = await nextOf(rest);
        if (chunk === null) return controller.close();
        controller.enqueue(text.encode(chunk));
        chunk = "";
      },
      async cancel() {
        await rest.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

/** Null at the end. */
async function nextOf(rest: AsyncGenerator<Result<string, AuditFailure>>): Promise<string | null> {
  const { value, done } = await rest.next();
  if (done === true) return null;
  if (value?.ok === true) return value.value;
  await rest.return(undefined);
  throw new Error("the export was cut");
}
