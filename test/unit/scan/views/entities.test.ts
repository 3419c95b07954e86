import { describe, expect, test } from "bun:test";
import { Budget } from "../../../../src/scan/sheet.ts";
import { readEscapes } from "../../../../src/scan/views/decode.ts";

const unescaped = (text: string) => readEscapes(text, new Budget(1e9)) ?? text;

describe("character references", () => {
  test("are read by name", () => {
    expect(unescaped("jane&commat;example&period;net")).toBe("jane@example.net");
    expect(unescaped("&lt;b&gt; &quot;x&quot; &apos;y&apos; &amp; &dollar;&percnt;&lowbar;&Tab;&NewLine;")).toBe(
      "<b> \"x\" 'y' & $%_\t\n",
    );
    expect(unescaped("4111&shy;1111&zwnj;2222&ZeroWidthSpace;3")).toBe("4111\u00ad1111\u200c2222\u200b3");
    expect(unescaped("Gehalts&uuml;bersicht &yuml;&nbsp;")).toBe("Gehaltsübersicht ÿ\u00a0");
  });

  test("are read without a semicolon where HTML allows it", () => {
    expect(unescaped("a&ltb&ampc&#64d&#x40;e&#64")).toBe("a<b&c@d@e@");
    expect(unescaped("jane&commat example")).toBe("jane&commat example");
  });

  test("are read one level at a time", () => {
    expect(unescaped("&amp;#64;")).toBe("&#64;");
  });

  test("may have zeros in front, and are left alone beyond Unicode", () => {
    expect(unescaped(`&#${"0".repeat(500)}64;`)).toBe("@");
    expect(unescaped("&#1114112;")).toBe("&#1114112;");
  });
});
