// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

// names is the table of compressed names: for each symbol a length and so many
// bytes, each a token's number. markers has the offset of each 256th name.
type names struct {
	countAt int // in the segment: num_syms
	start   int // in the segment: the first name
	count   int // symbols
}

const (
	block    = 256              // names from one marker to the next
	maxEntry = 2 + 512          // bytes of a name with its length
	maxBlock = block * maxEntry // bytes
)

// findNames looks for markers before the token table, the nearest first, and for
// the names that they agree with. Markers had 8 bytes before Linux 4.20.
func (s segment) findNames(tok tokens) (n names, ok bool) {
	for at := tok.start - 8; at >= 0; at -= 4 {
		for _, width := range []int{4, 8} {
			count := s.markers(at, tok.start, width)
			if count < 2 || !s.followed(at+width*count, tok.start, count) {
				continue
			}
			if n, ok := s.namesOf(at, count, width); ok {
				return n, true
			}
		}
	}
	return names{}, false
}

// markers returns how many numbers from an offset on can be markers: they begin
// with zero and ascend by what 256 names can take.
func (s segment) markers(at, end, width int) (count int) {
	if s.marker(at, 0, width) != 0 {
		return 0
	}
	last := uint64(0)
	for count = 1; at+(count+1)*width <= end; count++ {
		next := s.marker(at, count, width)
		if next < last+2*block || next > last+maxBlock {
			break
		}
		last = next
	}
	return count
}

func (s segment) marker(at, i, width int) uint64 {
	if width == 8 {
		return le.Uint64(s.data[at+8*i:])
	}
	return uint64(le.Uint32(s.data[at+4*i:]))
}

// followed reports that from the end of so many markers to the token table there
// is either nothing or seqs_of_names, which has 3 bytes a symbol.
func (s segment) followed(end, tokens, markers int) bool {
	gap := tokens - end
	if gap < 8 {
		return isPadding(s.data[end:tokens])
	}
	return gap > 3*block*(markers-1) && gap < 3*block*markers+8
}

// namesOf looks for the names that end where the markers at an offset begin. The
// number of symbols is right before them, at most padded to 8 bytes.
func (s segment) namesOf(markersAt, markers, width int) (n names, ok bool) {
	last := int(s.marker(markersAt, markers-1, width))
	newest := markersAt - (last+3)&^3 // the markers are aligned, and so are the names
	for n.start = newest; n.start >= max(8, newest-maxBlock-8); n.start -= 4 {
		for _, n.countAt = range []int{n.start - 8, n.start - 4} {
			n.count = int(le.Uint32(s.data[n.countAt:]))
			if (n.count+block-1)/block != markers || n.count > maxSymbols {
				continue
			}
			if s.agree(n, markersAt, width) {
				return n, true
			}
		}
	}
	return names{}, false
}

// agree walks through all names and compares with the markers behind them.
func (s segment) agree(n names, markersAt, width int) bool {
	if !isPadding(s.data[n.countAt+4 : n.start]) {
		return false
	}
	at := n.start
	for i := range n.count {
		if i%block == 0 && uint64(at-n.start) != s.marker(markersAt, i/block, width) {
			return false
		}
		size, head := s.entry(at)
		if at += head + size; size == 0 || at > markersAt {
			return false
		}
	}
	return isPadding(s.data[at:markersAt])
}

// entry returns the size of the name at an offset, in bytes, and that of its
// length: a second byte follows (ULEB128) since Linux 6.1 if the name has 128 or more.
func (s segment) entry(at int) (size, head int) {
	if at+2 > len(s.data) {
		return 0, 1
	}
	size = int(s.data[at])
	if size < 0x80 {
		return size, 1
	}
	return size&0x7f | int(s.data[at+1])<<7, 2
}
