// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import "encoding/binary"

// The build (scripts/kallsyms.c) writes these tables into .rodata, in this order:
//
//	until 6.3        offsets, relative_base, num_syms, names, markers,
//	                 seqs_of_names (6.2, 6.3 and late 6.1), token_table, token_index
//	from 6.4 on      num_syms, names, markers, token_table, token_index,
//	                 offsets, relative_base, seqs_of_names
//
// Nothing points to them, so they are found by their form: token_index must agree
// with token_table, markers with names, num_syms with both, and addresses must
// ascend and lie in the image. Each begins at a multiple of 8 bytes; of 4 since
// relative_base has gone.

// Limits against damaged and hostile files. Debian's 6.1 has 94,000 symbols.
const (
	maxSymbols  = 1 << 22
	maxNameText = 1 << 28 // bytes of all names together
	maxName     = 1024    // bytes of a name; KSYM_NAME_LEN is 512
	maxTables   = 16      // token tables that are tried; each is a search of its own
)

var le = binary.LittleEndian

// kallsyms finds and decodes the tables. The error is a *NoSymbolsError.
func (img *image) kallsyms() ([]Symbol, error) {
	found := noSymbols("its tables of symbols (kallsyms) are not there: no token table was found; was it built with CONFIG_KALLSYMS?")
	tried := 0
	for _, s := range img.segments {
		for at := range s.tokenIndexes() {
			tok, ok := s.tokens(at)
			if !ok {
				continue
			}
			if tried++; tried > maxTables {
				return nil, noSymbols("more than %d of what may be its token table have no names and addresses", maxTables)
			}
			names, ok := s.findNames(tok)
			if !ok {
				found = noSymbols("its token table at %#x has no table of names before it", s.addr+uint64(tok.start))
				continue
			}
			addrs, ok := img.addresses(s, tok, names)
			if !ok {
				found = noSymbols("its %d names at %#x have no table of addresses that ascend and lie between %#x and %#x",
					names.count, s.addr+uint64(names.start), img.low, img.high)
				continue
			}
			return s.expand(tok, names, addrs)
		}
	}
	return nil, found
}

// expand puts names and addresses together.
func (s segment) expand(tok tokens, n names, addrs []uint64) ([]Symbol, error) {
	var text []byte
	ends := make([]int, n.count)
	at := n.start
	for i := range ends {
		begin := len(text)
		size, head := s.entry(at)
		for _, c := range s.data[at+head:][:size] {
			text = append(text, tok.text[c]...)
		}
		if l := len(text) - begin; l < 2 || l > maxName {
			return nil, noSymbols("its symbol number %d has a name of %d bytes", i, l-1)
		}
		if len(text) > maxNameText {
			return nil, noSymbols("its symbols have more than %d bytes of names", maxNameText)
		}
		ends[i] = len(text)
		at += head + size
	}
	all, symbols, begin := string(text), make([]Symbol, n.count), 0
	for i, end := range ends {
		symbols[i] = Symbol{Type: all[begin], Name: all[begin+1 : end], Addr: addrs[i]}
		begin = end
	}
	return symbols, nil
}
