// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"fmt"
)

// upperHalf is where the kernel's part of the address space begins.
const upperHalf = 0xffff800000000000

// Limits, whatever the guest claims. All modules that Debian has for a machine come to
// some 10 MB.
const (
	maxModules       = 4096
	maxModule        = 1 << 30 // bytes of a module's memory
	maxModuleSymbols = 1 << 20 // of a module
	maxModuleFrames  = 1 << 20 // of a module
	maxModuleBytes   = 1 << 26 // that are read of all modules
	maxModuleText    = 1 << 26 // bytes of names of all modules
)

const pageSize = 4096

// guestMemory reads a guest's memory at one instant. What is there may be anything.
type guestMemory struct {
	Memory
	page   []byte // what was last read of a page for a text
	pageAt uint64
	bytes  int // how many more may be read
	text   int // how many more there may be of names
}

func newGuestMemory(mem Memory) *guestMemory {
	return &guestMemory{Memory: mem, bytes: maxModuleBytes, text: maxModuleText}
}

// read reads n bytes of the kernel's. Memory is taken as it is found to be there.
func (g *guestMemory) read(addr uint64, n int) ([]byte, error) {
	if n <= 0 {
		return nil, nil
	}
	if addr < upperHalf || uint64(n-1) > ^addr {
		return nil, fmt.Errorf("%d bytes at %#x are not in the kernel's part of the address space", n, addr)
	}
	var b []byte
	for len(b) < n {
		part := make([]byte, min(n-len(b), 16*pageSize))
		if g.bytes -= len(part); g.bytes < 0 {
			return nil, fmt.Errorf("reading %d bytes at %#x: more than %d bytes of all modules", n, addr, maxModuleBytes)
		}
		if _, err := g.ReadMemory(addr+uint64(len(b)), part); err != nil {
			return nil, fmt.Errorf("reading %d bytes at %#x: %w", n, addr, err)
		}
		b = append(b, part...)
	}
	return b, nil
}

// zeroTerminated reads a text.
func (g *guestMemory) zeroTerminated(addr uint64) (string, error) {
	var text []byte
	for at := addr; len(text) <= maxName && len(text) <= g.text; {
		start := at &^ (pageSize - 1)
		if g.page == nil || start != g.pageAt {
			page, err := g.read(start, pageSize)
			if err != nil {
				return "", err
			}
			g.page, g.pageAt = page, start
		}
		rest := g.page[at-start:]
		if end := bytes.IndexByte(rest, 0); end >= 0 {
			text = append(text, rest[:end]...)
			break
		}
		text = append(text, rest...)
		at = start + pageSize
	}
	if g.text -= len(text); len(text) > maxName || g.text < 0 {
		return "", fmt.Errorf("the name at %#x is longer than %d bytes, or all names together than %d", addr, maxName, maxModuleText)
	}
	return string(text), nil
}
