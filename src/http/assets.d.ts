/** Files of the docs page. `with { type: "file" }` gives a path, inside the compiled binary too. */
declare module "swagger-ui-dist/*" {
  const path: string;
  export default path;
}
