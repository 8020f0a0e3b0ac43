// Stripe's request bodies: form encoding with brackets for nesting, `a[b][0]=x` and `a[]=x`.
export type FormValue = string | FormValue[] | { [key: string]: FormValue };

interface Node {
  text: string | null;
  children: Map<string, Node>;
}

/** The nested value of a form-encoded body or query; only strings, lists and objects. */
export function parseForm(text: string): { [key: string]: FormValue } {
  const root: Node = { text: null, children: new Map() };
  for (const [name, value] of new URLSearchParams(text)) {
    let node = root;
    for (const key of pathOf(name)) node = child(node, key);
    node.text = value;
  }
  return objectOf(root);
}

function pathOf(name: string): string[] {
  const bracket = name.indexOf('[');
  if (bracket <= 0) return [name];
  const inner = [...name.slice(bracket).matchAll(/\[([^\]]*)\]/g)].map((match) => match[1] ?? '');
  return [name.slice(0, bracket), ...inner];
}

function child(node: Node, key: string): Node {
  const name = key === '' ? String(node.children.size) : key;
  const known = node.children.get(name) ?? { text: null, children: new Map() };
  node.children.set(name, known);
  return known;
}

function formValue(node: Node): FormValue {
  if (node.children.size === 0) return node.text ?? '';
  const isList = [...node.children.keys()].every((key, index) => key === String(index));
  return isList ? [...node.children.values()].map(formValue) : objectOf(node);
}

function objectOf(node: Node): { [key: string]: FormValue } {
  const result: { [key: string]: FormValue } = {};
  for (const [key, value] of node.children) {
    if (key !== '__proto__') result[key] = formValue(value);
  }
  return result;
}
