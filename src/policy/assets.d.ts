/** A file that Bun embeds: with `with { type: "text" }`, its content. */
declare module "*.tiktoken" {
  const text: string;
  export default text;
}
