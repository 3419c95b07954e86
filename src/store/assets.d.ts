/** Files that Bun embeds. `with { type: "file" }` gives a path (inside the binary too), `"text"` the content. */
declare module "*.wasm" {
  const path: string;
  export default path;
}
declare module "*.data" {
  const path: string;
  export default path;
}
declare module "*.tar.gz" {
  const path: string;
  export default path;
}
declare module "*.sql" {
  const text: string;
  export default text;
}
declare module "*/bin/dbmate" {
  const path: string;
  export default path;
}
declare module "*/bin/dbmate.exe" {
  const path: string;
  export default path;
}
