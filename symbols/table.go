// SPDX-License-Identifier: GPL-2.0-or-later

// Package symbols reads the symbols that a Linux kernel for x86_64 carries in
// itself (kallsyms), finds out how far a running kernel was moved by KASLR, and
// writes the symbols as an ELF file for gdb.
package symbols

import (
	"bytes"
	"debug/elf"
	"fmt"
	"sort"
	"sync"

	"github.com/vmrr/vmrr/images/linux"
)

// Symbol is a name of the kernel.
type Symbol struct {
	Name string
	Addr uint64 // as linked, before KASLR moves the kernel
	Type byte   // as nm(1) has it: 'T' and 't' are code, capitals are global
}

// Absolute reports that KASLR does not move the symbol: it is the offset of a
// variable that each processor has of its own.
func (s Symbol) Absolute() bool { return s.Addr < kernelHalf }

// Table is the symbols of one kernel.
type Table struct {
	symbols []Symbol // by address; of equal ones the best name is first
	byName  map[string]int
	frames  []frame
	orc     orcForm // of frames; modules have it too
	image   *image
	banner  banner
	layout  func() (*moduleLayout, error)
}

// NoSymbolsError says that no symbols could be read from a kernel, and why.
type NoSymbolsError struct {
	Found string // to complete "no symbols in this kernel: "
}

func (e *NoSymbolsError) Error() string { return "no symbols in this kernel: " + e.Found }

func noSymbols(format string, args ...any) error {
	return &NoSymbolsError{Found: fmt.Sprintf(format, args...)}
}

// Parse reads the symbols of a kernel, a vmlinuz or a vmlinux. The error is a
// *NoSymbolsError, or says why a vmlinuz could not be unpacked.
func Parse(kernel []byte) (*Table, error) {
	if !bytes.HasPrefix(kernel, []byte(elf.ELFMAG)) {
		unpacked, err := linux.Unpack(kernel)
		if err != nil {
			return nil, err
		}
		kernel = unpacked
	}
	img, err := openImage(kernel)
	if err != nil {
		return nil, err
	}
	t := &Table{image: img, byName: map[string]int{}}
	if t.banner, err = img.findBanner(); err != nil {
		return nil, err
	}
	if t.symbols, err = img.kallsyms(); err != nil {
		return nil, err
	}
	t.frames, t.orc = img.frames()
	t.layout = sync.OnceValues(img.moduleLayout)
	for i, s := range t.symbols {
		if _, taken := t.byName[s.Name]; !taken {
			t.byName[s.Name] = i
		}
	}
	return t, nil
}

// Version is what the kernel calls itself: "Linux version 6.1.0 (...) #1 SMP ...".
func (t *Table) Version() string { return t.banner.text }

// Symbols returns all symbols by ascending address. The caller must not change them.
func (t *Table) Symbols() []Symbol { return t.symbols }

// Lookup returns the symbol of that name; of several static ones, that with the
// lowest address, as the kernel itself does.
func (t *Table) Lookup(name string) (s Symbol, ok bool) {
	i, ok := t.byName[name]
	if !ok {
		return Symbol{}, false
	}
	return t.symbols[i], true
}

// Place is an address as a symbol names it.
type Place struct {
	Symbol
	Offset uint64 // bytes from the symbol's start
	Size   uint64 // of the symbol: the bytes to the next one
	Module string // empty: the kernel itself
}

// String writes a place as the kernel does: "dummy_xmit+0x0/0xe0 [dummy]".
func (p Place) String() string {
	text := fmt.Sprintf("%s+%#x/%#x", p.Name, p.Offset, p.Size)
	if p.Module != "" {
		text += " [" + p.Module + "]"
	}
	return text
}

// At returns the symbol in which an address, as linked, lies. Addresses outside the
// kernel's image have none.
func (t *Table) At(addr uint64) (p Place, ok bool) {
	if addr < t.image.low || addr >= t.image.high {
		return Place{}, false
	}
	i := at(t.symbols, addr)
	if i < 0 || t.symbols[i].Absolute() {
		return Place{}, false
	}
	s, end := t.symbols[i], t.image.high
	if sec := sectionOf(t.image.sections, s.Addr); sec >= 0 {
		end = t.image.sections[sec].end()
	}
	return Place{Symbol: s, Offset: addr - s.Addr, Size: size(t.symbols, i, end)}, true
}

// at returns the number of the last symbol up to an address, of several there the first;
// -1 if there is none.
func at(list []Symbol, addr uint64) int {
	after := sort.Search(len(list), func(i int) bool { return list[i].Addr > addr })
	if after == 0 {
		return -1
	}
	return firstAlias(list, after-1)
}

// firstAlias returns the first of the symbols with the address of number i.
// scripts/kallsyms.c puts weak names, those of the linker's script and those with
// underscores behind the others.
func firstAlias(list []Symbol, i int) int {
	for i > 0 && list[i-1].Addr == list[i].Addr {
		i--
	}
	return i
}
