// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"cmp"
	"fmt"
	"slices"
)

// in reports whether an address is in the module's memory.
func (m *Module) in(addr uint64) bool {
	return slices.ContainsFunc(m.Ranges, func(r Range) bool { return addr-r.Addr < r.Size })
}

// kallsyms reads a struct mod_kallsyms: an ELF symbol table, with a letter for each
// symbol. While a module is being loaded it is that of the file; afterwards the kernel
// keeps its own. What is not in the module's memory, or not any more, is left out: names
// of other modules, variables of each processor, what only the init function had.
func (g *guestMemory) kallsyms(m *Module, layout *moduleLayout, table uint64) ([]Symbol, error) {
	if table == 0 {
		return nil, nil // not yet
	}
	b, err := g.read(table, layout.tableSize)
	if err != nil {
		return nil, fmt.Errorf("its struct mod_kallsyms: %w", err)
	}
	count := layout.count.of(b)
	if count > maxModuleSymbols {
		return nil, fmt.Errorf("its struct mod_kallsyms at %#x claims %d symbols; the limit is %d", table, count, maxModuleSymbols)
	}
	entries, err := g.read(layout.symtab.of(b), int(count)*symSize)
	if err != nil {
		return nil, fmt.Errorf("its %d symbols: %w", count, err)
	}
	types, err := g.read(layout.types.of(b), int(count))
	if err != nil {
		return nil, fmt.Errorf("the types of its %d symbols: %w", count, err)
	}
	var list []Symbol
	for i := range int(count) {
		e := entries[i*symSize:] // Elf64_Sym: name, info, other, section, value, size
		s := Symbol{Addr: le.Uint64(e[8:]), Type: types[i]}
		if le.Uint16(e[6:]) == 0 || !m.in(s.Addr) { // section 0: it is defined elsewhere
			continue
		}
		if s.Name, err = g.zeroTerminated(layout.strtab.of(b) + uint64(le.Uint32(e))); err != nil {
			return nil, fmt.Errorf("the name of its symbol %d: %w", i, err)
		}
		if s.Name == "" || s.Name != printable(s.Name) {
			continue
		}
		if e[4]>>4 == 1 && s.Type >= 'a' && s.Type <= 'z' && s.Type != 'w' && s.Type != 'v' { // STB_GLOBAL
			s.Type -= 'a' - 'A'
		}
		list = append(list, s)
	}
	// The names that every module has give way to others at the same address.
	general := func(s Symbol) int {
		if s.Name == "init_module" || s.Name == "cleanup_module" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(list, func(a, b Symbol) int {
		return cmp.Or(cmp.Compare(a.Addr, b.Addr), cmp.Compare(general(a), general(b)))
	})
	return list, nil
}

// orc reads the frames of a module's code. The kernel has sorted them by address.
func (g *guestMemory) orc(m *Module, form orcForm, count, ips, entries uint64) (runs []frameRun, err error) {
	if count > maxModuleFrames {
		return nil, fmt.Errorf("it claims %d ORC entries; the limit is %d", count, maxModuleFrames)
	}
	where, err := g.read(ips, 4*int(count))
	if err != nil {
		return nil, fmt.Errorf("its %d ORC addresses: %w", count, err)
	}
	what, err := g.read(entries, 6*int(count))
	if err != nil {
		return nil, fmt.Errorf("its %d ORC entries: %w", count, err)
	}
	all := form.frames(ips, where, what)
	for _, r := range m.Ranges {
		if r.Code {
			runs = append(runs, frameRun{within(all, r.Addr, r.end()), r.end()})
		}
	}
	return runs, nil
}
