// SPDX-License-Identifier: GPL-2.0-or-later

package devices

import (
	"fmt"
	"sort"
)

// PortBus routes the 65,536 x86 I/O ports. A port that nobody claimed reads
// all-ones and swallows writes, as an undriven ISA bus does.
type PortBus struct {
	slots [1 << 16]Ports
}

// Map gives the ports [first, first+n) to d. It panics if one is taken: boards
// are built from constants, so a clash is a mistake in the board.
func (b *PortBus) Map(first uint16, n int, d Ports) {
	for p := int(first); p < int(first)+n; p++ {
		if b.slots[p] != nil {
			panic(fmt.Sprintf("I/O port %#x is claimed twice", p))
		}
		b.slots[p] = d
	}
}

// In reads size bytes at port; an access belongs to the device at its first port.
func (b *PortBus) In(port uint16, size int) uint32 {
	if d := b.slots[port]; d != nil {
		return d.In(port, size)
	}
	return uint32(Ones(size))
}

// Out writes size bytes at port.
func (b *PortBus) Out(port uint16, size int, value uint32) {
	if d := b.slots[port]; d != nil {
		d.Out(port, size, value)
	}
}

// MMIOBus routes physical addresses that are not RAM. An address that nobody
// claimed reads all-ones and swallows writes.
type MMIOBus struct {
	windows []window // by base, not overlapping
}

type window struct {
	base, size uint64
	dev        MMIO
}

// Map gives the size bytes at physical address base to d; it panics if any is taken.
func (b *MMIOBus) Map(base, size uint64, d MMIO) {
	i := sort.Search(len(b.windows), func(i int) bool { return b.windows[i].base >= base })
	if i > 0 && b.windows[i-1].base+b.windows[i-1].size > base ||
		i < len(b.windows) && base+size > b.windows[i].base {
		panic(fmt.Sprintf("MMIO window %#x+%#x overlaps another", base, size))
	}
	b.windows = append(b.windows, window{})
	copy(b.windows[i+1:], b.windows[i:])
	b.windows[i] = window{base, size, d}
}

// Read reads size bytes at physical address pa.
func (b *MMIOBus) Read(pa uint64, size int) uint64 {
	if w := b.find(pa); w != nil {
		return w.dev.Read(pa-w.base, size)
	}
	return Ones(size)
}

// Write writes size bytes at physical address pa.
func (b *MMIOBus) Write(pa uint64, size int, value uint64) {
	if w := b.find(pa); w != nil {
		w.dev.Write(pa-w.base, size, value)
	}
}

func (b *MMIOBus) find(pa uint64) *window {
	i := sort.Search(len(b.windows), func(i int) bool { return b.windows[i].base > pa }) - 1
	if i >= 0 && pa-b.windows[i].base < b.windows[i].size {
		return &b.windows[i]
	}
	return nil
}

// Ones returns size bytes (1, 2, 4 or 8) of all-ones: what an undriven bus reads.
func Ones(size int) uint64 { return ^uint64(0) >> (64 - 8*uint(size)) }
