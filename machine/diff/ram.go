// SPDX-License-Identifier: GPL-2.0-or-later

package diff

import (
	"bytes"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

// Bytes of RAM that differ are one difference while fewer than near equal ones lie
// between them, and all are at most shown.
const (
	near  = 4
	shown = 16
)

// memory compares RAM.
func (p *Part) memory(ram *machine.RAM, want, got io.ReaderAt) error {
	const step = 64 * cpu.PageSize // to read at once
	w, g := make([]byte, step), make([]byte, step)
	for _, r := range ram.Regions {
		for at := uint64(0); at < r.Size; at += step {
			n := min(step, r.Size-at)
			if err := read(want, w[:n], r.Offset+at); err != nil {
				return err
			}
			if err := read(got, g[:n], r.Offset+at); err != nil {
				return err
			}
			if !bytes.Equal(w[:n], g[:n]) {
				p.ranges(r.PA+at, w[:n], g[:n])
			}
		}
	}
	return nil
}

func read(from io.ReaderAt, p []byte, offset uint64) error {
	if n, err := from.ReadAt(p, int64(offset)); n < len(p) {
		return fmt.Errorf("reading the RAM of a state at offset %#x: %w", offset, err)
	}
	return nil
}

// ranges adds the ranges of bytes that differ; the first byte lies at address pa.
func (p *Part) ranges(pa uint64, want, got []byte) {
	first, last := -1, -1 // of the range that is being gathered
	flush := func() {
		switch {
		case first < 0:
		case p.full():
			p.More++ // without the cost of what is not shown
		default:
			at := pa + uint64(first)
			p.add(Difference{Place: fmt.Sprintf("%#x", at), Address: at,
				Want: fmt.Sprintf("% x", want[first:last+1]), Got: fmt.Sprintf("% x", got[first:last+1])})
		}
	}
	for page := 0; page < len(want); page += cpu.PageSize {
		if bytes.Equal(want[page:page+cpu.PageSize], got[page:page+cpu.PageSize]) {
			continue
		}
		for i := page; i < page+cpu.PageSize; i++ {
			if want[i] == got[i] {
				continue
			}
			if first < 0 || i-last > near || i-first >= shown {
				flush()
				first = i
			}
			last = i
		}
	}
	flush()
}
