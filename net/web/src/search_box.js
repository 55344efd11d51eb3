// The search box: an editable combobox with a list of suggestions, after the ARIA practices.
import { useEffect, useRef, useState } from 'preact/hooks';
import { getFacts, getSuggestions } from './api.js';
import { money } from './money.js';
import { html, Picture } from './parts.js';

const kDebounceMs = 90;
const kLateMs = 1500;
const kFields = 'id,price,in_stock,availability,images,categories';
const kGroups = [
  ['query', 'Popular searches'],
  ['category', 'Categories'],
  ['brand', 'Brands'],
  ['product', 'Products'],
];
const kIcons = {
  query: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13ZM15.5 15.5 20 20',
  category: 'M4 5h6v6H4zM14 5h6v6h-6zM4 15h6v4H4zM14 15h6v4h-6z',
  brand: 'M12 3h7a1 1 0 0 1 1 1v7l-9 9-8-8 9-9ZM16 8h.01',
};

/** The value in a filter such as brand:=`Acme`. */
const valueOf = (suggestion) => /:=`(.*)`$/s.exec(suggestion.filter_by || '')?.[1] || suggestion.text;

/** Text in which the server marked what was typed. */
function Marked({ text }) {
  return text.split(/<mark>(.*?)<\/mark>/s).map((part, i) => (i % 2 ? html`<mark key=${i}>${part}</mark>` : part));
}

/** The suggestions of `q`, asked for when the typing pauses; what came last stays until then. */
function useSuggestions(q, wanted) {
  const [state, set] = useState({ q: null, list: [], corrected: '' });
  const [facts, setFacts] = useState(new Map());
  useEffect(() => {
    if (!wanted) return undefined;
    const asked = new AbortController();
    const timer = setTimeout(async () => {
      try {
        const page = await getSuggestions(q.trim(), asked.signal);
        const order = (each) => kGroups.findIndex(([type]) => type === each.type);
        const list = [...page.suggestions].sort((one, two) => order(one) - order(two));
        set({ q, list, corrected: page.corrected_query || '' });
        const ids = list.filter(({ type }) => type === 'product').map(({ id }) => id);
        if (ids.length > 0) setFacts(await getFacts(ids, asked.signal, kFields));
      } catch (error) {
        // Suggestions are a help: without them the search still works.
        if (error.name !== 'AbortError') set({ q, list: [], corrected: '' });
      }
    }, kDebounceMs);
    return () => {
      clearTimeout(timer);
      asked.abort();
    };
  }, [q, wanted]);
  return { ...state, facts };
}

export function SearchBox({ query, type, choose }) {
  const [value, setValue] = useState(query);
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef(null);
  const list = useRef(null);
  const { q, list: suggestions, corrected, facts } = useSuggestions(value, open);
  const shown = open && suggestions.length > 0;

  // The address or a link changed what is looked for. What the widgets draw may be late: it never
  // replaces what is being typed.
  const typed = useRef({ text: query, at: 0 });
  useEffect(() => {
    const isLate = Date.now() - typed.current.at < kLateMs && document.activeElement === input.current;
    if (query === typed.current.text || isLate) return;
    typed.current = { text: query, at: 0 };
    setValue(query);
  }, [query]);
  const put = (text, byHand = false) => {
    typed.current = { text, at: byHand ? Date.now() : 0 };
    setValue(text);
  };
  useEffect(() => setAt(-1), [q]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [at]);

  const close = () => {
    setOpen(false);
    setAt(-1);
  };
  const take = (suggestion) => {
    close();
    switch (suggestion.type) {
      case 'product':
        location.hash = `#/p/${encodeURIComponent(suggestion.id)}`;
        break;
      case 'brand':
        put('', true);
        choose({ query: '', refinementList: { brand: [valueOf(suggestion)] } });
        break;
      case 'category':
        put('', true);
        choose({ query: '', refinementList: { categories: [valueOf(suggestion)] } });
        break;
      default:
        put(suggestion.text, true);
        choose({ query: suggestion.text });
    }
  };
  const submit = (event) => {
    event.preventDefault();
    close();
    choose({ query: value.trim() }, true);
  };
  const keys = {
    ArrowDown: () => (open ? setAt(at + 1 >= suggestions.length ? -1 : at + 1) : setOpen(true)),
    ArrowUp: () => (open ? setAt(at < 0 ? suggestions.length - 1 : at - 1) : setOpen(true)),
    Tab: close,
    Enter: () => (shown && at >= 0 ? take(suggestions[at]) : null),
    Escape: () => {
      if (shown) return close();
      put('', true);
      type('');
      return undefined;
    },
  };
  const onKey = (event) => {
    const act = keys[event.key];
    if (!act || event.isComposing || event.altKey || event.ctrlKey || event.metaKey) return;
    const isForms = event.key === 'Enter' && !(shown && at >= 0);
    if (isForms) return;
    if (event.key !== 'Tab') event.preventDefault();
    act();
  };

  return html`<div class="ais-SearchBox" onFocusOut=${(event) => event.currentTarget.contains(event.relatedTarget) || close()}>
    <form class="ais-SearchBox-form" role="search" action="" onSubmit=${submit}>
      <input
        ref=${input}
        class="ais-SearchBox-input"
        type="text"
        inputmode="search"
        enterkeyhint="search"
        role="combobox"
        aria-label="Search for products"
        aria-autocomplete="list"
        aria-haspopup="listbox"
        aria-expanded=${String(shown)}
        aria-controls="suggestions"
        aria-activedescendant=${shown && at >= 0 ? `suggestion-${at}` : undefined}
        placeholder="Search for anything"
        maxlength="512"
        autocomplete="off"
        autocorrect="off"
        autocapitalize="off"
        spellcheck=${false}
        value=${value}
        onInput=${(event) => {
          put(event.target.value, true);
          setOpen(true);
          setAt(-1);
          type(event.target.value);
        }}
        onClick=${() => setOpen(true)}
        onKeyDown=${onKey}
      />
      <button class="ais-SearchBox-submit" type="submit" aria-label="Search"><svg viewBox="0 0 24 24" aria-hidden="true"><path d=${kIcons.query} /></svg></button>
      ${value &&
      html`<button
        class="ais-SearchBox-reset"
        type="button"
        aria-label="Clear the search"
        onClick=${() => {
          put('', true);
          type('');
          close();
          input.current.focus();
        }}
      ><svg viewBox="0 0 24 24" aria-hidden="true"><path d="m6 6 12 12M18 6 6 18" /></svg></button>`}
    </form>
    <p class="sr" role="status" aria-live="polite">${shown ? `${suggestions.length} ${suggestions.length === 1 ? 'suggestion' : 'suggestions'}` : ''}</p>
    <div class="suggest" hidden=${!shown}>
      ${corrected && html`<p class="suggest-meant">Suggestions for <strong>${corrected}</strong></p>`}
      <div id="suggestions" role="listbox" aria-label="Suggestions" ref=${list} onMouseDown=${(event) => event.preventDefault()}>
        ${kGroups.map(([kind, title]) => {
          const some = suggestions.map((each, i) => [each, i]).filter(([each]) => each.type === kind);
          if (some.length === 0) return null;
          return html`<div key=${kind} role="group" aria-labelledby=${`suggest-${kind}`} class="suggest-group">
            <p id=${`suggest-${kind}`} role="presentation" class="suggest-title">${title}</p>
            ${some.map(
              ([each, i]) => html`<div
                key=${i}
                id=${`suggestion-${i}`}
                role="option"
                aria-selected=${String(i === at)}
                class="suggestion"
                onMouseMove=${() => i !== at && setAt(i)}
                onClick=${() => take(each)}
              ><${Suggestion} suggestion=${each} facts=${facts.get(each.id)} /></div>`,
            )}
          </div>`;
        })}
      </div>
    </div>
  </div>`;
}

function Suggestion({ suggestion, facts }) {
  const { type, highlighted, path, found } = suggestion;
  if (type === 'product')
    return html`<span class="suggestion-picture"><${Picture} product=${facts || {}} /></span>
      <span class="suggestion-text"><${Marked} text=${highlighted} /></span>
      ${facts && html`<span class="suggestion-end price">${money(facts.price.amount, facts.price.currency)}</span>`}`;
  const parents = type === 'category' ? (path || '').split(' > ').slice(0, -1) : [];
  return html`<svg class="suggestion-icon" viewBox="0 0 24 24" aria-hidden="true"><path d=${kIcons[type]} /></svg>
    <span class="suggestion-text"><${Marked} text=${highlighted} />${parents.length > 0 && html`<span class="muted small"> in ${parents.join(' › ')}</span>`}</span>
    ${found > 0 && html`<span class="suggestion-end count">${found.toLocaleString()}<span class="sr"> products</span></span>`}`;
}
