import type { Standing } from '../limits/limit-store.js';

export interface ExplainRequest {
  keyId: string | null;
  /** The secret itself instead of an id. */
  secret?: string;
  method: string;
  path: string;
  model?: string;
  /** Client address; null = not asked. */
  from?: string;
  /** Unix seconds; absent = now. */
  at?: number;
}

export interface ExplainedRule {
  rule: string;
  /** `allow`, `deny`, or `skip` when the rule had nothing to judge. */
  answer: 'allow' | 'deny' | 'skip';
  /** Why, in a sentence for the operator. */
  why: string;
}

export interface Explanation {
  allowed: boolean;
  status: number;
  code: string | null;
  message: string | null;
  rules: ExplainedRule[];
  /** Every limit that binds the request, as it stands now. */
  limits: Standing[];
  /** Unix seconds from which it would pass, if only time stands against it. */
  nextPassAt: number | null;
}
