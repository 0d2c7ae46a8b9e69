import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../src/usage/metric-table.js';

const DEPLOY = join(import.meta.dirname, '../../deploy');

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: { summary: string; action: string };
}

const { groups } = parse(readFileSync(join(DEPLOY, 'prometheus/alerts.yml'), 'utf8')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string }[];
}

const dashboard = JSON.parse(readFileSync(join(DEPLOY, 'grafana/keyporter.json'), 'utf8')) as {
  panels: Panel[];
  templating: { list: { name: string; query: string | { query: string } }[] };
};

const expressions = [
  ...rules.map(({ alert, expr }): [string, string] => [alert, expr]),
  ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }): [string, string] => [title, expr])),
];

/** Every series name there is, with the labels of its family and those that a scrape adds. */
const SERIES = new Map<string, ReadonlySet<string>>([
  ['up', new Set(['job', 'instance'])],
  ...METRICS.flatMap(({ name, type, labels }): [string, ReadonlySet<string>][] => {
    const known = ['job', 'instance', ...labels];
    if (type !== 'histogram') return [[name, new Set(known)]];
    return [
      [`${name}_bucket`, new Set([...known, 'le'])],
      [`${name}_sum`, new Set(known)],
      [`${name}_count`, new Set(known)],
    ];
  }),
]);

const FUNCTIONS = new Set(['sum', 'rate', 'increase', 'histogram_quantile', 'by']);

/** Names of series in an expression, and the labels it asks them for. */
function namesIn(expr: string): { series: string[]; labels: string[] } {
  const labels: string[] = [];
  const bare = expr
    .replaceAll(/\{([^}]*)\}/g, (_, matchers: string) => {
      for (const [, label = ''] of matchers.matchAll(/(\w+) *(?:=~|!~|!=|=) *"[^"]*"/g)) labels.push(label);
      return '';
    })
    .replaceAll(/\bby \(([^)]*)\)/g, (_, names: string) => {
      labels.push(...names.split(',').map((name) => name.trim()));
      return '';
    })
    .replaceAll(/\[[^\]]*\]/g, '');
  const words = [...bare.matchAll(/[a-zA-Z_]\w*/g)].map(([word]) => word);
  return { series: words.filter((word) => !FUNCTIONS.has(word)), labels };
}

function balanced(expr: string): boolean {
  let depth = 0;
  for (const character of expr) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (depth < 0) return false;
  }
  return depth === 0;
}

describe('the dashboard and the alert rules', () => {
  test('ask for families and labels that the gateway has', () => {
    expect(expressions.length).toBeGreaterThan(40);
    for (const [where, expr] of expressions) {
      const { series, labels } = namesIn(expr);
      expect([where, series.length]).not.toEqual([where, 0]);
      for (const name of series) {
        expect([where, name, SERIES.has(name)]).toEqual([where, name, true]);
        for (const label of labels)
          expect([where, name, label, SERIES.get(name)?.has(label)]).toEqual([where, name, label, true]);
      }
      expect([where, balanced(expr)]).toEqual([where, true]);
    }
  });

  test('take the rate of counters and of nothing else', () => {
    const counters = new Set(METRICS.filter(({ type }) => type === 'counter').map(({ name }) => name));
    for (const [where, expr] of expressions) {
      for (const [, name = ''] of expr.matchAll(/(?:rate|increase)\(([a-z_]+)/g))
        expect([where, name, counters.has(name) || name.endsWith('_bucket')]).toEqual([where, name, true]);
      for (const { name } of METRICS.filter(({ type }) => type === 'counter')) {
        const plain = expr.split(name).length - 1;
        expect([where, name, plain]).toEqual([where, name, expr.split(`(${name}`).length - 1]);
      }
    }
  });

  test('are written so that they can be loaded: ids and names once, panels beside each other, all said', () => {
    const ids = dashboard.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.floor(at / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const rule of rules) {
      expect(rule.alert).toMatch(/^Keyporter[A-Z][A-Za-z]+$/);
      expect(rule.for ?? '1m').toMatch(/^\d+[smh]$/);
      expect(['critical', 'warning', 'info']).toContain(rule.labels.severity);
      expect(rule.annotations.summary).toMatch(/\.$/);
      expect(rule.annotations.action).toMatch(/\.$/);
    }
  });

  test('variables ask for families and labels that there are', () => {
    for (const { name, query } of dashboard.templating.list) {
      if (name === 'datasource') continue;
      const [, series = '', label = ''] =
        /^label_values\((\w+), (\w+)\)$/.exec(typeof query === 'string' ? query : query.query) ?? [];
      expect([name, SERIES.get(series)?.has(label)]).toEqual([name, true]);
    }
  });
});
