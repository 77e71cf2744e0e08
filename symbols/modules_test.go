// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"fmt"
	"slices"
	"strings"
	"testing"
)

const testSlide = 0x1e000000

func TestModules(t *testing.T) {
	const a, b, c = uint64(testModules), uint64(testModules + testStep), uint64(testModules + 2*testStep)
	for name, form := range map[string]moduleForm{"6.1": {old: true}, "6.4": {}, "no ORC": {noORC: true}} {
		t.Run(name, func(t *testing.T) {
			mem := pages{}
			mem.link(testSlide, mem.module(form, "late", c, ModuleComing), mem.module(form, "unformed", b, moduleUnformed), mem.module(form, "early", a, ModuleLive))
			list, err := form.table(t).Modules(mem, testSlide)
			if err != nil || len(list) != 2 {
				t.Fatalf("Modules = %d modules, %v; want 2", len(list), err)
			}
			late, early := list[0], list[1]
			if late.Name != "late" || late.State != ModuleComing || early.Name != "early" || early.State != ModuleLive || late.Damage != nil || early.Damage != nil {
				t.Errorf("Modules = %+v; want late, being loaded, and early, live", list)
			}
			core := []Range{{"text", a, codeSize, true}, {"data", a + dataAt, moduleSize - codeSize, false}}
			if !slices.Equal(early.Ranges, core) || early.Size() != moduleSize {
				t.Errorf("early is at %+v, %d bytes; want %+v", early.Ranges, early.Size(), core)
			}
			if last := late.Ranges[len(late.Ranges)-1]; last != (Range{"init_text", c + initAt, 0x1000, true}) {
				t.Errorf("late ends with %+v; want the code of its init function", last)
			}
			for _, want := range []struct {
				m    Module
				list []Symbol
			}{
				{early, []Symbol{{"early_run", a + 0x20, 't'}, {"weak", a + 0x40, 'w'}, {"early_data", a + 0x2010, 'D'}}},
				{late, []Symbol{{"late_run", c + 0x20, 't'}, {"weak", c + 0x40, 'w'}, {"late_data", c + 0x2010, 'D'},
					{"late_init", c + initAt, 't'}, {"init_module", c + initAt, 'T'}}},
			} {
				if !slices.Equal(want.m.Symbols, want.list) {
					t.Errorf("%s has the symbols %+v; want %+v", want.m.Name, want.m.Symbols, want.list)
				}
			}
			wantRuns := map[bool]string{
				true:  "[]",
				false: fmt.Sprintf("[%x until %x, end at 8; %x, 16] [%x until %x, end at 24]", c+0x20, c+codeSize, c+0x21, c+initAt, c+initAt+0x1000),
			}[form.noORC]
			got := "[]"
			if len(late.frames) == 2 && len(late.frames[0].frames) == 2 && len(late.frames[1].frames) == 1 {
				x, y := late.frames[0], late.frames[1]
				got = fmt.Sprintf("[%x until %x, end at %d; %x, %d] [%x until %x, end at %d]", x.frames[0].addr, x.end, x.frames[0].endAt,
					x.frames[1].addr, x.frames[1].endAt, y.frames[0].addr, y.end, y.frames[0].endAt)
			}
			if got != wantRuns {
				t.Errorf("late has the frames %+v; want %s", late.frames, wantRuns)
			}
		})
	}
}

func TestModuleAt(t *testing.T) {
	mem, form := pages{}, moduleForm{}
	mem.link(0, mem.module(form, "mod", testModules, ModuleLive))
	guest := NewGuest(nil, mem, func() uint64 { return 0 })
	table := form.table(t)
	guest.table = func() (*Table, error) { return table, nil }
	mem.put(table.banner.addr, []byte(testBanner)...)
	for _, c := range []struct {
		addr uint64
		want string
	}{
		{testModules + 0x1f, ""},
		{testModules + 0x20, "mod_run+0x0/0x20 [mod]"},
		{testModules + 0x3f, "mod_run+0x1f/0x20 [mod]"},
		{testModules + codeSize - 1, "weak+0x1fbf/0x1fc0 [mod]"},
		{testModules + codeSize, ""}, // another part
		{testModules + moduleSize - 1, "mod_data+0xdfef/0xdff0 [mod]"},
		{testModules + moduleSize, ""},
		{testModules + initAt, ""},
		{testBase + 0x101, "local_0.isra.0+0x1/0x10"},
		{0, ""},
	} {
		p, ok, err := guest.At(c.addr)
		if got := p.String(); err != nil || ok != (c.want != "") || ok && got != c.want {
			t.Errorf("At(%#x) = %q, %v, %v; want %q", c.addr, got, ok, err, c.want)
		}
	}
}

func TestWriteModules(t *testing.T) {
	mem, form := pages{}, moduleForm{}
	mem.link(0, mem.module(form, "high", testModules+testStep, ModuleLive), mem.module(form, "low", testModules, ModuleLive))
	list, err := form.table(t).Modules(mem, 0)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := WriteModules(&out, list); err != nil {
		t.Fatal(err)
	}
	f, err := elf.NewFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatalf("WriteModules writes what debug/elf does not read: %v", err)
	}
	var sections []string
	for _, s := range f.Sections[1:5] {
		sections = append(sections, fmt.Sprintf("%s %#x %#x %v", s.Name, s.Addr, s.Size, s.Flags))
	}
	want := []string{"low.text 0xffffffffc0000000 0x2000 SHF_ALLOC+SHF_EXECINSTR", "low.data 0xffffffffc0002000 0xe000 SHF_WRITE+SHF_ALLOC",
		"high.text 0xffffffffc0100000 0x2000 SHF_ALLOC+SHF_EXECINSTR", "high.data 0xffffffffc0102000 0xe000 SHF_WRITE+SHF_ALLOC"}
	if !slices.Equal(sections, want) {
		t.Errorf("WriteModules writes the sections\n%q\nwant\n%q", sections, want)
	}
	symbols, err := f.Symbols()
	run := elf.Symbol{Name: "high_run", Info: byte(elf.STT_FUNC), Section: 3, Value: testModules + testStep + 0x20, Size: 0x20}
	if err != nil || len(symbols) != 6 || !slices.Contains(symbols, run) {
		t.Errorf("WriteModules writes the symbols %+v, %v; want 6, and among them %+v", symbols, err, run)
	}
	frames, err := f.Section(".debug_frame").Data()
	if wantFrames := debugFrame(0, append(list[0].frames, list[1].frames...)...); err != nil || !bytes.Equal(frames, wantFrames) || len(frames) <= len(debugFrame(0)) {
		t.Errorf("WriteModules writes %d bytes of frames, %v; want %d", len(frames), err, len(wantFrames))
	}
	out.Reset()
	if err := WriteModules(&out, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := elf.NewFile(bytes.NewReader(out.Bytes())); err != nil {
		t.Errorf("WriteModules of none writes what debug/elf does not read: %v", err)
	}
}

// A list that cannot be true ends in an error, and so does what is not there.
func TestModulesBadList(t *testing.T) {
	const other = testModules + testStep
	for _, c := range []struct {
		name   string
		change func(mem pages, first, second uint64)
		want   string
	}{
		{"no memory", func(mem pages, _, _ uint64) { clear(mem) }, "list of modules at 0xffffffff81210000 cannot be read: .* nothing is mapped"},
		{"zero", func(mem pages, first, _ uint64) { mem.put64(testHead, 0) }, "entry 1 of the kernel's list of modules, at 0x0: .* not in the kernel's part"},
		{"a process", func(mem pages, first, _ uint64) { mem.put64(first+listAt, 0x400000) }, "entry 2 .* at 0x400000: .* not in the kernel's part"},
		{"nowhere", func(mem pages, first, _ uint64) { mem.put64(first+listAt, 0xffff888000000000) }, "entry 2 .*: nothing is mapped at 0xffff887ffffffff8"},
		{"the top", func(mem pages, first, _ uint64) { mem.put64(first+listAt, ^uint64(0)) }, "entry 2 .* not in the kernel's part"},
		{"itself", func(mem pages, first, _ uint64) { mem.put64(first+listAt, first+listAt) }, "runs in a circle: entry 1 leads back"},
		{"a circle", func(mem pages, first, second uint64) { mem.put64(second+listAt, first+listAt) }, "runs in a circle: entry 2 leads back"},
		{"no end", func(mem pages, first, _ uint64) {
			at := first
			for i := range uint64(maxModules + 1) {
				next := uint64(0xffff900000000000) + i*1024
				mem.put(next, make([]byte, 512)...)
				mem.put32(next+stateAt, uint32(moduleUnformed))
				mem.put64(at+listAt, next+listAt)
				at = next
			}
		}, "more than 4096 entries, or no end"},
	} {
		mem, form := pages{}, moduleForm{}
		first, second := mem.module(form, "one", testModules, ModuleLive), mem.module(form, "two", other, ModuleLive)
		mem.link(0, first, second)
		c.change(mem, first, second)
		if list, err := form.table(t).Modules(mem, 0); !matches(c.want, err) {
			t.Errorf("%s: Modules = %d modules, %v; want an error %q", c.name, len(list), err, c.want)
		}
	}
}

// What is wrong with one module is said of it, and the others are there.
func TestModulesDamaged(t *testing.T) {
	const at = testModules
	const module, table = at + structAt, at + tableAt
	for _, c := range []struct {
		name   string
		change func(mem pages)
		want   string // empty: none
	}{
		{"nothing", func(mem pages) {}, ""},
		{"no symbols yet", func(mem pages) { mem.put64(module+kallsymsAt, 0) }, ""},
		{"table nowhere", func(mem pages) { mem.put64(module+kallsymsAt, 0x1000) }, "its struct mod_kallsyms: 32 bytes at 0x1000 are not in the kernel's part"},
		{"many symbols", func(mem pages) { mem.put32(table+8, ^uint32(0)) }, "claims 4294967295 symbols; the limit is 1048576"},
		{"more symbols than mapped", func(mem pages) { mem.put32(table+8, maxModuleSymbols) }, "its 1048576 symbols: .*nothing is mapped"},
		{"symbols at the top", func(mem pages) { mem.put64(table, ^uint64(0)-20) }, "its 10 symbols: .*not in the kernel's part"},
		{"names nowhere", func(mem pages) { mem.put64(table+16, 0xffff888000000000) }, "the name of its symbol 5: .*nothing is mapped"},
		{"names round the top", func(mem pages) { mem.put64(table+16, ^uint64(0)) }, "the name of its symbol 5: .*not in the kernel's part"},
		{"name without end", func(mem pages) { mem.put(at+strtabAt, bytes.Repeat([]byte{'x'}, 0x1000)...) }, "longer than 1024 bytes"},
		{"types nowhere", func(mem pages) { mem.put64(table+24, 0) }, "the types of its 10 symbols"},
		{"memory of a process", func(mem pages) { mem.put64(module+rangesAt, 0x400000) }, "says that 8192 bytes at 0x400000 are its own"},
		{"memory over the top", func(mem pages) { mem.put64(module+rangesAt, ^uint64(0)-0x1000) }, "are its own, where no module can be"},
		{"much memory", func(mem pages) { mem.put32(module+rangesAt+8, maxModule+1) }, "are its own, where no module can be"},
		{"many frames", func(mem pages) { mem.put32(module+archAt, ^uint32(0)) }, "unwound: it claims 4294967295 ORC entries"},
		{"frames nowhere", func(mem pages) { mem.put64(module+archAt+16, 0) }, "unwound: its 3 ORC entries"},
	} {
		mem, form := pages{}, moduleForm{}
		mem.link(0, mem.module(form, "one\n", testModules, ModuleLive), mem.module(form, "two", testModules+testStep, ModuleLive))
		c.change(mem)
		list, err := form.table(t).Modules(mem, 0)
		if err != nil || len(list) != 2 || list[0].Name != "one?" || list[1].Damage != nil || len(list[1].Symbols) != 3 {
			t.Errorf("%s: Modules = %+v, %v; want one? and two, whole", c.name, list, err)
			continue
		}
		if got := list[0].Damage; (got != nil || c.want != "") && !matches(c.want, got) {
			t.Errorf("%s: the module's damage is %v; want %q", c.name, got, c.want)
		}
	}
}

// What all modules have together is limited.
func TestModulesShareTheLimits(t *testing.T) {
	mem, form := pages{}, moduleForm{}
	mem.module(form, "one", testModules, ModuleLive)
	layout, err := form.table(t).layout()
	if err != nil {
		t.Fatal(err)
	}
	m := Module{Ranges: []Range{{"text", testModules, codeSize, true}}}
	const once, names = 32 + 10*(symSize+1), pageSize // the names' page is read once
	for _, c := range []struct {
		bytes, text int
		want        string // of the second time
	}{
		{2*once + names, 100, ""},
		{2*once + names - 1, 100, "more than 67108864 bytes of all modules"},
		{2*once + names, 25, "all names together than 67108864"},
	} {
		g := newGuestMemory(mem)
		g.bytes, g.text = c.bytes, c.text
		if _, err := g.kallsyms(&m, layout, testModules+tableAt); err != nil {
			t.Errorf("with %d bytes and %d of text the first table: %v; want no error", c.bytes, c.text, err)
		}
		if _, err := g.kallsyms(&m, layout, testModules+tableAt); (err != nil || c.want != "") && !matches(c.want, err) {
			t.Errorf("with %d bytes and %d of text the second table: %v; want %q", c.bytes, c.text, err, c.want)
		}
	}
}

func TestModulesNotDescribed(t *testing.T) {
	mem, form := pages{}, moduleForm{}
	mem.link(0)
	none := testTable(t)
	if _, err := none.Modules(mem, 0); !matches("does not name its list of modules", err) {
		t.Errorf("Modules of a kernel without data symbols = %v; want an error", err)
	}
	none.byName["modules"] = 0
	if _, err := none.Modules(mem, 0); !matches("it has no BTF", err) {
		t.Errorf("Modules of a kernel without BTF = %v; want an error", err)
	}
	if list, err := form.table(t).Modules(mem, 0); err != nil || len(list) != 0 {
		t.Errorf("Modules of an empty list = %v, %v; want none", list, err)
	}
	for _, drop := range []string{"next", "list", "name", "kallsyms", "symtab", "typetab", "base", "orc_unwind"} {
		table := moduleForm{drop: drop}.table(t)
		if _, err := table.Modules(mem, 0); !matches("how the kernel describes modules: .* no "+drop, err) {
			t.Errorf("Modules with BTF without %s = %v; want an error", drop, err)
		}
	}
	raw := form.btf(t)
	for n := range raw {
		table := form.table(t)
		table.image.sections = table.image.sections[:len(table.image.sections)-1]
		table.addBTF(raw[:n])
		if _, err := table.Modules(mem, 0); err == nil {
			t.Errorf("Modules with %d of %d bytes of BTF gives no error", n, len(raw))
		}
		if n%7 == 0 { // whatever it means, it ends
			changed := bytes.Clone(raw)
			changed[n] ^= 0xff
			table.image.sections = table.image.sections[:len(table.image.sections)-1]
			table.addBTF(changed)
			table.Modules(mem, 0)
		}
	}
}

// Whatever is in the structures, it ends.
func TestModulesAnything(t *testing.T) {
	for _, form := range []moduleForm{{}, {old: true}} {
		table := form.table(t)
		for _, at := range []uint64{structAt, tableAt} {
			for i := range uint64(256) {
				for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff} {
					mem := pages{}
					mem.link(0, mem.module(form, "one", testModules, ModuleComing))
					mem.put(testModules+at+i, v)
					list, err := table.Modules(mem, 0)
					if err != nil {
						continue
					}
					for _, m := range list {
						m.At(testModules)
					}
					if err := WriteModules(new(bytes.Buffer), list); err != nil {
						t.Errorf("with %#x at %#x WriteModules = %v; want no error", v, at+i, err)
					}
				}
			}
		}
	}
}

// matches reports whether an error's text has parts, between ".*", in order.
func matches(parts string, err error) bool {
	if err == nil {
		return false
	}
	rest := err.Error()
	for part := range strings.SplitSeq(parts, ".*") {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return true
}
