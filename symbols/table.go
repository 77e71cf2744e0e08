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
	image   *image
	banner  banner
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
	t.frames = img.frames()
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

// At returns the symbol in which an address, as linked, lies, and the bytes from
// its start to there. Addresses outside the kernel's image have none.
func (t *Table) At(addr uint64) (s Symbol, offset uint64, ok bool) {
	if addr < t.image.low || addr >= t.image.high {
		return Symbol{}, 0, false
	}
	after := sort.Search(len(t.symbols), func(i int) bool { return t.symbols[i].Addr > addr })
	if after == 0 || t.symbols[after-1].Absolute() {
		return Symbol{}, 0, false
	}
	first := t.firstAlias(after - 1)
	return t.symbols[first], addr - t.symbols[first].Addr, true
}

// firstAlias returns the first of the symbols with the address of number i.
// scripts/kallsyms.c puts weak names, those of the linker's script and those with
// underscores behind the others.
func (t *Table) firstAlias(i int) int {
	for i > 0 && t.symbols[i-1].Addr == t.symbols[i].Addr {
		i--
	}
	return i
}
