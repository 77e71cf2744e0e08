// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"iter"
)

// A name is a string of bytes, each of which stands for a token: token_table has
// 256 strings, each ended by a zero, and token_index their 16-bit offsets.
const (
	tokenCount     = 256
	tokenIndexSize = 2 * tokenCount
	maxToken       = 512 // bytes, with the final zero
)

// tokens is the two tables, checked against each other.
type tokens struct {
	start, end int // in the segment: token_table's first byte, token_index's end
	text       [tokenCount][]byte
}

// tokenIndexes yields the offsets of what may be a token_index: 256 numbers that
// begin with zero and ascend by at most maxToken.
func (s segment) tokenIndexes() iter.Seq[int] {
	return func(yield func(int) bool) {
		for at := int(-s.addr & 3); at+tokenIndexSize <= len(s.data); at += 4 {
			if isTokenIndex(s.data[at:]) && !yield(at) {
				return
			}
		}
	}
}

func isTokenIndex(b []byte) bool {
	if le.Uint16(b) != 0 {
		return false
	}
	last := 0
	for i := 1; i < tokenCount; i++ {
		next := int(le.Uint16(b[2*i:]))
		if next <= last || next-last > maxToken {
			return false
		}
		last = next
	}
	return true
}

// tokens looks for the token_table that ends before the token_index at an offset.
// The index says where all strings but the last end.
func (s segment) tokens(index int) (t tokens, ok bool) {
	last := int(le.Uint16(s.data[index+tokenIndexSize-2:]))
	newest := index - last - 1
	for start := newest - (newest+int(s.addr&3))&3; start >= 0 && start > newest-maxToken-8; start -= 4 {
		if t, ok := s.tokensAt(start, index); ok {
			return t, true
		}
	}
	return tokens{}, false
}

func (s segment) tokensAt(start, index int) (t tokens, ok bool) {
	t.start, t.end = start, index+tokenIndexSize
	table := s.data[start:index]
	for i := range tokenCount {
		from := int(le.Uint16(s.data[index+2*i:]))
		to := bytes.IndexByte(table[from:], 0)
		if to < 0 {
			return t, false
		}
		to += from
		if i < tokenCount-1 && to+1 != int(le.Uint16(s.data[index+2*i+2:])) {
			return t, false
		}
		t.text[i] = table[from:to]
		for _, c := range t.text[i] {
			if c <= ' ' || c > '~' {
				return t, false
			}
		}
		if i == tokenCount-1 && !isPadding(table[to+1:]) {
			return t, false
		}
	}
	return t, true
}

// isPadding reports that b can be what lies between two tables: less than eight
// zeros.
func isPadding(b []byte) bool {
	return len(b) < 8 && len(bytes.TrimLeft(b, "\x00")) == 0
}
