/** Options of `serve`, as commander gives them. */
export interface ServeOptions {
  listen?: string;
  upstream?: string[];
  firstKey?: boolean;
  demo?: boolean;
  /** The YAML file of a SkyServe service. */
  service?: string;
  name?: string;
  env?: string[];
  secret?: string[];
  envFile?: string;
  setup?: boolean;
}
