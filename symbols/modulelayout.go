// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"fmt"
	"strings"
)

// moduleLayout is where, in a kernel, what describes a module is: struct module
// (include/linux/module.h) and what it points to. It differs from build to build.
type moduleLayout struct {
	next         field // in struct list_head
	size         int   // how much of a struct module is read, in bytes
	list         field
	state, name  field
	kallsyms     field
	ranges       []rangeLayout
	orcCount     field // of size 0 if the kernel has no ORC
	orcIPs, orcs field

	tableSize                    int // how much of a struct mod_kallsyms is read, in bytes
	symtab, count, strtab, types field
}

// rangeLayout is where a struct module says of a part of the module's memory.
type rangeLayout struct {
	name       string
	base, size field
	text       field // how much of it is code, in bytes; of size 0: all or nothing
	code       bool
}

// moduleLayout finds the layout.
func (img *image) moduleLayout() (*moduleLayout, error) {
	s, err := img.structs()
	if err != nil {
		return nil, err
	}
	l := &moduleLayout{
		next:     s.number("list_head", "next"),
		list:     s.any("module", "list"),
		state:    s.number("module", "state"),
		name:     s.any("module", "name"),
		kallsyms: s.number("module", "kallsyms"),
		symtab:   s.number("mod_kallsyms", "symtab"),
		count:    s.number("mod_kallsyms", "num_symtab"),
		strtab:   s.number("mod_kallsyms", "strtab"),
		types:    s.number("mod_kallsyms", "typetab"),
	}
	if s.has("module", "mem") {
		l.ranges = s.ranges()
	} else {
		l.ranges = s.oldRanges()
	}
	if s.has("mod_arch_specific", "num_orcs") {
		l.orcCount = s.number("module", "arch", "num_orcs")
		l.orcIPs = s.number("module", "arch", "orc_unwind_ip")
		l.orcs = s.number("module", "arch", "orc_unwind")
	}
	if s.err != nil {
		return nil, fmt.Errorf("finding out how the kernel describes modules: %w", s.err)
	}
	l.size = max(l.next.at(l.list.offset).end(), l.state.end(), l.name.end(), l.kallsyms.end(), l.orcCount.end(), l.orcIPs.end(), l.orcs.end())
	for _, r := range l.ranges {
		l.size = max(l.size, r.base.end(), r.size.end(), r.text.end())
	}
	l.tableSize = max(l.symtab.end(), l.count.end(), l.strtab.end(), l.types.end())
	return l, nil
}

// ranges is for kernels from 6.4 on, which have an array with a part of each type.
func (s *structs) ranges() (list []rangeLayout) {
	base, size := s.number("module_memory", "base"), s.number("module_memory", "size")
	offset, stride, count := s.array("module", "mem")
	names := s.enum("mod_mem_type")
	for i := range count {
		name, ok := names[uint64(i)]
		if !ok || s.err != nil {
			continue
		}
		name = strings.ToLower(strings.TrimPrefix(name, "MOD_")) // MOD_INIT_TEXT
		at := offset + i*stride
		list = append(list, rangeLayout{name: name, base: base.at(at), size: size.at(at), code: strings.HasSuffix(name, "text")})
	}
	return list
}

// oldRanges is for kernels until 6.3, which have two parts, each with its code first.
func (s *structs) oldRanges() (list []rangeLayout) {
	for _, part := range []struct{ field, prefix string }{{"core_layout", ""}, {"init_layout", "init_"}} {
		list = append(list, rangeLayout{name: part.prefix, base: s.number("module", part.field, "base"),
			size: s.number("module", part.field, "size"), text: s.number("module", part.field, "text_size")})
	}
	return list
}

// in returns the parts of a module that are there. The structure is at least as long as
// the layout says.
func (r rangeLayout) in(structure []byte) ([]Range, error) {
	base, size := r.base.of(structure), r.size.of(structure)
	if size == 0 {
		return nil, nil // not there any more, or never
	}
	if base < upperHalf || size > maxModule || size > ^base {
		return nil, fmt.Errorf("it says that %d bytes at %#x are its own, where no module can be", size, base)
	}
	if r.text.size == 0 {
		return []Range{{Name: r.name, Addr: base, Size: size, Code: r.code}}, nil
	}
	code := min(r.text.of(structure), size)
	list := []Range{{Name: r.name + "text", Addr: base, Size: code, Code: true}, {Name: r.name + "data", Addr: base + code, Size: size - code}}
	switch code {
	case 0:
		return list[1:], nil
	case size:
		return list[:1], nil
	}
	return list, nil
}
