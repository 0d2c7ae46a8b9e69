import { useEffect, useRef, useState, type Dispatch, type SetStateAction } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useSettled } from './settled.js';

/** How what a page shows is written into its address, behind the question mark. */
export interface AddressForm<State> {
  read(search: URLSearchParams): State;
  /** What is empty is left out of the address. */
  write(state: State): Record<string, string>;
}

/**
 * What a page shows, kept in its address: loading it again, going back to it or sending the link to somebody shows
 * the same. The address is written when typing pauses, and makes no steps of its own in the history. Keep `form` at
 * module scope.
 */
export function useAddressState<State>(form: AddressForm<State>): [State, Dispatch<SetStateAction<State>>] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const [state, setState] = useState(() => form.read(new URLSearchParams(search)));
  const settled = useSettled(state);
  const known = useRef(search);

  useEffect(() => {
    if (search === known.current) return;
    known.current = search;
    setState(form.read(new URLSearchParams(search)));
  }, [search, form]);

  useEffect(() => {
    // Something newer is about to settle: it came from the address, or is still being typed.
    if (settled !== state) return;
    const wanted = textOf(form, settled);
    if (wanted === textOf(form, form.read(new URLSearchParams(known.current)))) return;
    known.current = wanted;
    navigate(wanted === '' ? path : `${path}?${wanted}`, { replace: true });
  }, [settled, state, form, path, navigate]);

  return [state, setState];
}

function textOf<State>(form: AddressForm<State>, state: State): string {
  return new URLSearchParams(Object.entries(form.write(state)).filter(([, value]) => value !== '')).toString();
}
