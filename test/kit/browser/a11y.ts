import { readFileSync } from 'node:fs';
import type { Frame, Page } from 'playwright-core';

/** Roles of what one can act on, and of what is played. */
const controls = new Set(['button', 'link', 'textbox', 'checkbox', 'menuitem', 'toggle button', 'Iframe', 'Video', 'Audio', 'log', 'toolbar', 'menu', 'dialog']);

interface AxNode {
  readonly ignored: boolean;
  readonly role?: { readonly value: string };
  readonly name?: { readonly value: string };
  readonly backendDOMNodeId?: number;
}

/** Controls that the browser's accessibility tree has no name for, in the page and in every frame of it. */
export async function nameless(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  try {
    const { frameTree } = (await session.send('Page.getFrameTree')) as { frameTree: { frame: { id: string }; childFrames?: { frame: { id: string } }[] } };
    const found: string[] = [];
    for (const frameId of [frameTree.frame.id, ...(frameTree.childFrames ?? []).map(({ frame }) => frame.id)]) {
      const { nodes } = (await session.send('Accessibility.getFullAXTree', { frameId })) as { nodes: AxNode[] };
      for (const { ignored, role, name } of nodes) {
        if (!ignored && controls.has(role?.value ?? '') && (name?.value ?? '').trim() === '') found.push(role?.value ?? '');
      }
    }
    return found;
  } finally {
    await session.detach();
  }
}

const faintTexts = readFileSync(new URL('faint.js', import.meta.url), 'utf8');

/** Texts that stand out too little from what is behind them. */
export function faint(frame: Frame): Promise<readonly string[]> {
  return frame.evaluate(faintTexts);
}
