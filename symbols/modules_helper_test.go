// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"fmt"
	"sync"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// The made modules' addresses, and where the made structures have their fields.
const (
	testHead    = testBase + 0x210000 // the list of modules
	testModules = 0xffffffffc0000000
	testStep    = 0x100000 // from module to module

	listAt, stateAt, nameAt, kallsymsAt, archAt, rangesAt = 8, 4, 24, 88, 96, 128
)

// moduleForm is how a version lays struct module out.
type moduleForm struct {
	old   bool // core_layout and init_layout
	noORC bool
	drop  string // a field that is left out
}

func (f moduleForm) btf(t testing.TB) []byte {
	t.Helper()
	u32, char, void := &btf.Int{Name: "unsigned int", Size: 4}, &btf.Int{Name: "char", Size: 1, Encoding: btf.Char}, &btf.Void{}
	pointer := &btf.Pointer{Target: void}
	structure := func(name string, size uint32, members ...btf.Member) *btf.Struct {
		kept := members[:0]
		for _, m := range members {
			if m.Name != f.drop {
				kept = append(kept, m)
			}
		}
		return &btf.Struct{Name: name, Size: size, Members: kept}
	}
	member := func(name string, at int, t btf.Type) btf.Member {
		return btf.Member{Name: name, Offset: btf.Bits(8 * at), Type: t}
	}
	list := structure("list_head", 16, member("next", 0, pointer), member("prev", 8, pointer))
	layout := structure("module_layout", 24, member("base", 0, pointer), member("size", 8, u32), member("text_size", 12, u32))
	memory := structure("module_memory", 16, member("base", 0, pointer), member("size", 8, u32))
	var words []btf.EnumValue
	for i, name := range []string{"MOD_TEXT", "MOD_DATA", "MOD_RODATA", "MOD_RO_AFTER_INIT", "MOD_INIT_TEXT", "MOD_INIT_DATA", "MOD_INIT_RODATA"} {
		words = append(words, btf.EnumValue{Name: name, Value: uint64(i)})
	}
	kinds := &btf.Enum{Name: "mod_mem_type", Size: 4, Signed: true, Values: append(words, btf.EnumValue{Name: "MOD_INVALID", Value: ^uint64(0)})}
	arch := structure("mod_arch_specific", 24)
	if !f.noORC {
		arch = structure("mod_arch_specific", 24, member("num_orcs", 0, u32), member("orc_unwind_ip", 8, pointer), member("orc_unwind", 16, pointer))
	}
	table := structure("mod_kallsyms", 32, member("symtab", 0, pointer), member("num_symtab", 8, u32), member("strtab", 16, pointer), member("typetab", 24, pointer))
	module := []btf.Member{
		member("state", stateAt, &btf.Enum{Name: "module_state", Size: 4}), member("list", listAt, list),
		member("name", nameAt, &btf.Array{Index: u32, Type: char, Nelems: 56}),
		member("kallsyms", kallsymsAt, pointer), member("arch", archAt, arch),
	}
	if f.old {
		module = append(module, member("core_layout", rangesAt, layout), member("init_layout", rangesAt+24, &btf.Typedef{Name: "alias", Type: layout}))
	} else {
		module = append(module, member("mem", rangesAt, &btf.Array{Index: u32, Type: memory, Nelems: 7}))
	}
	b, err := btf.NewBuilder([]btf.Type{structure("module", 512, module...), table, kinds, memory, list}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// table is that of a small kernel with modules.
func (f moduleForm) table(t testing.TB) *Table {
	t.Helper()
	table := testTable(t)
	table.addBTF(f.btf(t))
	table.byName["modules"] = len(table.symbols)
	table.symbols = append(table.symbols, Symbol{"modules", testHead, 'D'})
	return table
}

// addBTF gives a kernel such a section.
func (t *Table) addBTF(raw []byte) {
	const at = testBase + 0x300000
	t.image.segments = append(t.image.segments, segment{at, raw})
	t.image.sections = append(t.image.sections, section{".BTF", at, uint64(len(raw)), 0})
	t.layout = sync.OnceValues(t.image.moduleLayout)
}

// pages is a guest's memory.
type pages map[uint64]*[pageSize]byte

func (p pages) ReadMemory(addr uint64, b []byte) (int, error) {
	for i := range b {
		at := addr + uint64(i)
		page := p[at/pageSize]
		if page == nil {
			return i, fmt.Errorf("nothing is mapped at %#x", at)
		}
		b[i] = page[at%pageSize]
	}
	return len(b), nil
}

func (p pages) put(addr uint64, b ...byte) {
	for i, c := range b {
		at := addr + uint64(i)
		if p[at/pageSize] == nil {
			p[at/pageSize] = new([pageSize]byte)
		}
		p[at/pageSize][at%pageSize] = c
	}
}

func (p pages) put32(addr uint64, v uint32) { p.put(addr, le.AppendUint32(nil, v)...) }
func (p pages) put64(addr uint64, v uint64) { p.put(addr, le.AppendUint64(nil, v)...) }

// link makes the list of modules, whose structures are at addresses.
func (p pages) link(slide uint64, modules ...uint64) {
	at := testHead + slide
	for _, m := range modules {
		p.put64(at, m+listAt)
		at = m + listAt
	}
	p.put64(at, testHead+slide)
}

// Where a made module has what, from its first address on: code, data, its structure and
// its tables; the code of its init function, if it has that still.
const (
	dataAt, structAt, tableAt, symtabAt, typesAt, strtabAt, ipsAt, orcsAt = 0x2000, 0x3000, 0x4000, 0x4100, 0x4800, 0x5000, 0x6000, 0x7000

	moduleSize, codeSize = 0x10000, 0x2000
	initAt               = 0x20000
)

// module makes a module at an address and returns where its structure is.
func (p pages) module(f moduleForm, name string, at uint64, state ModuleState) uint64 {
	m := at + structAt
	p.put(m, make([]byte, 512)...)
	p.put32(m+stateAt, uint32(state))
	p.put(m+nameAt, []byte(name)...)
	p.put64(m+kallsymsAt, at+tableAt)
	initSize := uint32(0)
	if state == ModuleComing {
		initSize = 0x1000
	}
	if f.old {
		p.put64(m+rangesAt, at)
		p.put32(m+rangesAt+8, moduleSize)
		p.put32(m+rangesAt+12, codeSize)
		p.put64(m+rangesAt+24, at+initAt)
		p.put32(m+rangesAt+32, initSize)
		p.put32(m+rangesAt+36, initSize)
	} else {
		p.put64(m+rangesAt, at)
		p.put32(m+rangesAt+8, codeSize)
		p.put64(m+rangesAt+16, at+dataAt)
		p.put32(m+rangesAt+24, moduleSize-codeSize)
		p.put64(m+rangesAt+4*16, at+initAt)
		p.put32(m+rangesAt+4*16+8, initSize)
	}
	p.put64(at+tableAt, at+symtabAt)
	p.put64(at+tableAt+16, at+strtabAt)
	p.put64(at+tableAt+24, at+typesAt)
	names := []byte{0}
	for i, s := range []struct {
		name    string
		info    byte
		section uint16
		addr    uint64
		letter  byte
	}{
		{"", 0, 0, 0, 'U'},
		{"init_module", 0x12, 1, at + initAt, 't'},
		{name + "_init", 0x02, 1, at + initAt, 't'},
		{"printk", 0x10, 0, at, 'U'},                // elsewhere
		{"counter", 0x11, 2, 0x1fb80, 'd'},          // of each processor
		{name + "_data", 0x11, 3, at + 0x2010, 'd'}, // global
		{name + "_run", 0x02, 1, at + 0x20, 't'},
		{"", 0x03, 1, at, 't'},
		{"color\x1b[31m", 0x02, 1, at, 't'},
		{"weak", 0x22, 1, at + 0x40, 'w'},
	} {
		e := le.AppendUint32(nil, uint32(len(names)))
		e = le.AppendUint16(append(e, s.info, 0), s.section)
		e = le.AppendUint64(le.AppendUint64(e, s.addr), 8)
		p.put(at+symtabAt+uint64(symSize*i), e...)
		p.put(at+typesAt+uint64(i), s.letter)
		p.put32(at+tableAt+8, uint32(i+1))
		names = append(append(names, s.name...), 0)
	}
	p.put(at+strtabAt, names...)
	for i, addr := range []uint64{at + 0x20, at + 0x21, at + initAt} {
		p.put32(at+ipsAt+uint64(4*i), uint32(addr-(at+ipsAt+uint64(4*i))))
		p.put(at+orcsAt+uint64(6*i), orcEntry(int16(8+8*i), 0, 0x205)...)
		p.put32(m+archAt, uint32(i+1))
	}
	p.put64(m+archAt+8, at+ipsAt)
	p.put64(m+archAt+16, at+orcsAt)
	return m
}
