// What the shop understood instead of what was typed, and the way back.
import { render } from 'preact';
import { getSuggestions } from './api.js';
import { html } from './parts.js';

let literal = ''; // this text is wanted as it is written
let meant = new Map(); // text -> what it would be corrected to; '' when to nothing

/**
 * Keeps in the search's state, and so in the address, that its text is wanted as it is written: `exactly`.
 * Another text is not.
 */
export const exactly = () => ({
  $$type: 'souk.exactly',
  init() {},
  getWidgetUiState: (state, { searchParameters }) =>
    literal && searchParameters.query === literal ? { ...state, exactly: true } : state,
  getWidgetSearchParameters: (parameters, { uiState }) => {
    literal = (uiState.exactly && uiState.query) || '';
    return parameters;
  },
});

/**
 * Sees every search on its way: makes the literal one literal, and passes on how the server read the
 * others. InstantSearch knows of corrections only as of data that came along.
 */
export function watchSpelling(client) {
  const { multiSearch } = client;
  const perform = multiSearch.perform.bind(multiSearch);
  multiSearch.perform = async (request, ...rest) => {
    for (const search of request.searches) {
      if (!literal || search.q !== literal) continue;
      Object.assign(search, { num_typos: 0, split_join_tokens: 'off', drop_tokens_threshold: 0 });
    }
    const answer = await perform(request, ...rest);
    for (const result of answer.results || [])
      if (result.corrected_query) result.metadata = { ...result.metadata, corrected_query: result.corrected_query };
    return answer;
  };
}

/** Asks once what a text that finds nothing would be completed to. */
async function askMeant(q, then) {
  meant = new Map([...meant, [q, '']].slice(-50));
  const { corrected_query: corrected } = await getSuggestions(q).catch(() => ({}));
  if (!corrected) return;
  meant.set(q, corrected);
  then();
}

/** `search(q, exactly)` is called when one of the two is chosen. */
export function showSpelling(place, results, search) {
  const q = (results?.query || '').trim();
  const corrected = results?.userData?.[0]?.corrected_query || '';
  if (corrected) meant.set(q, corrected);
  let line = null;
  const link = (text, exactly) => html`<button type="button" class="spelling-link" onClick=${() => search(text, exactly)}>${text}</button>`;
  if (corrected && q !== literal) {
    line = html`<p class="spelling">
      Showing results for <strong>${corrected}</strong>. <span class="nowrap-part">Search instead for ${link(q, true)}</span>
    </p>`;
  } else if (q && q !== '*' && results.nbHits === 0) {
    if (!meant.has(q)) askMeant(q, () => showSpelling(place, results, search));
    if (meant.get(q)) line = html`<p class="spelling">Did you mean ${link(meant.get(q), false)}?</p>`;
  } else if (q && q === literal && meant.get(q)) {
    line = html`<p class="spelling">Results for exactly “${q}”. Did you mean ${link(meant.get(q), false)}?</p>`;
  }
  render(line, place);
}
