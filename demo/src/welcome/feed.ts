// The band's changes as the server streams them, in lines that a person can read.
import { checkedCount, type ChecklistItem, type RoadyDocument } from '../model/documents';
import type { Account } from './server';

interface Change {
  seq: string;
  id: string;
  deleted?: boolean;
  changes: { rev: string }[];
  doc?: RoadyDocument;
}

const shown = 40; // lines
const pause = 2000; // milliseconds before a feed that broke is asked for again

export class Feed {
  #since = 'now';

  constructor(
    private readonly account: Account,
    private readonly database: string,
    private readonly list: HTMLElement,
  ) {}

  /** What came last, then what comes; does not return. */
  async follow(): Promise<never> {
    await this.#showLatest();
    for (;;) {
      try {
        await this.#stream();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #showLatest(): Promise<void> {
    const query = 'descending=true&limit=6&include_docs=true';
    const { results } = await this.account.json<{ results: Change[] }>('GET', `${this.database}/_changes?${query}`);
    this.#since = results[0]?.seq ?? '0';
    for (const change of results.reverse()) this.#show(change);
  }

  async #stream(): Promise<void> {
    // A feed ends before its token does.
    await this.account.refresh();
    const query = `feed=continuous&include_docs=true&heartbeat=10000&since=${encodeURIComponent(this.#since)}`;
    const answer = await this.account.fetch(`${this.database}/_changes?${query}`);
    if (!answer.ok || !answer.body) throw new Error(`${answer.status}`);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (text + value).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (line.trim()) this.#take(JSON.parse(line) as Change | { last_seq: string });
    }
  }

  #take(line: Change | { last_seq: string }): void {
    if ('last_seq' in line) return;
    this.#since = line.seq;
    this.#show(line);
  }

  #show({ seq, id, changes, doc, deleted }: Change): void {
    const item = document.createElement('li');
    const parts: [string, string][] = [
      ['seq', seq.split('-')[0] ?? seq],
      ['what', deleted || !doc ? 'deleted' : summary(doc)],
      ['id', `${id.slice(0, 18)}… ${changes[0]?.rev.slice(0, 9)}…`],
    ];
    for (const [name, text] of parts) {
      const span = document.createElement('span');
      span.className = name;
      span.textContent = text;
      item.append(span);
    }
    this.list.prepend(item);
    while (this.list.children.length > shown) this.list.lastElementChild?.remove();
  }
}

function summary(document: RoadyDocument): string {
  if (document.deletedAt) return `${document.name}: to the trash`;
  if (document.type !== 'gig') return document.name;
  const count = (items: ChecklistItem[]) => `${checkedCount(items)}/${items.length}`;
  return `${document.name}: out ${count(document.loadoutChecklist)}, in ${count(document.loadinChecklist)}`;
}
