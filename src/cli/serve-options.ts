/** Options of `serve`, as commander gives them. */
export interface ServeOptions {
  listen?: string;
  upstream?: string[];
  firstKey?: boolean;
  demo?: boolean;
}
