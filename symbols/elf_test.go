// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"errors"
	"testing"
)

func TestWriteELF(t *testing.T) {
	const slide = 0x1e000000
	table := testTable(t)
	var out bytes.Buffer
	if err := WriteELF(&out, slide, table); err != nil {
		t.Fatalf("WriteELF = %v; want no error", err)
	}
	f, err := elf.NewFile(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatalf("WriteELF writes what debug/elf does not read: %v", err)
	}
	if f.Type != elf.ET_EXEC || f.Machine != elf.EM_X86_64 || f.Entry != testBase+slide {
		t.Errorf("WriteELF writes a %v for %v with entry %#x; want an ET_EXEC for x86_64 with entry %#x", f.Type, f.Machine, f.Entry, uint64(testBase+slide))
	}
	for i, want := range []elf.SectionHeader{
		1: {Name: ".text", Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_EXECINSTR, Addr: testBase + slide, Size: 0x100000},
		2: {Name: ".rodata", Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC, Addr: testBase + 0x200000 + slide, Size: table.image.sections[1].size},
	} {
		got := f.Sections[i].SectionHeader
		got.Offset, got.Addralign, got.FileSize = 0, 0, 0
		want.FileSize = 0
		if got != want {
			t.Errorf("WriteELF writes section %d as %+v; want %+v", i, got, want)
		}
	}
	if frames, err := f.Section(".debug_frame").Data(); err != nil || !bytes.Equal(frames, debugFrame(slide, frameRun{table.frames, testBase + testSize})) {
		t.Errorf("WriteELF writes %d bytes of frames, %v; want those of debugFrame", len(frames), err)
	}
	list, err := f.Symbols()
	if err != nil || len(list) != len(table.Symbols()) {
		t.Fatalf("WriteELF writes %d symbols, %v; want %d", len(list), err, len(table.Symbols()))
	}
	locals := 0
	for i, s := range list { // number 0, which is none, is not among them
		if elf.ST_BIND(s.Info) == elf.STB_LOCAL {
			locals = i + 1
		}
	}
	if info := f.Section(".symtab").Info; int(info) != locals+1 || locals != 601 {
		t.Errorf("WriteELF puts the last local symbol at %d and says that the first other one is %d; want 601 and 602", locals, info)
	}
	const fun, object = byte(elf.STT_FUNC), byte(elf.STT_OBJECT)
	const global, local, weak = byte(elf.STB_GLOBAL << 4), 0, byte(elf.STB_WEAK << 4)
	for _, want := range []elf.Symbol{
		{Name: "current_task", Info: global | object, Section: elf.SHN_ABS, Value: 0x1fb80},
		{Name: "startup_64", Info: global | fun, Section: 1, Value: testBase + slide, Size: 0x100},
		{Name: "_text", Info: global | fun, Section: 1, Value: testBase + slide}, // an alias
		{Name: "local_599.isra.0", Info: local | fun, Section: 1, Value: testBase + slide + 0x2670, Size: 0x2f00 - 0x2670},
		{Name: "weak", Info: weak | fun, Section: 1, Value: testBase + slide + 0x2fc0, Size: 0x40},
		{Name: "entry_SYSCALL_64", Info: global | fun, Section: 1, Value: testBase + slide + 0x3000, Size: 0xfd000},
		{Name: "_etext", Info: global | fun, Section: 1, Value: testBase + slide + 0x100000}, // the section's end
		{Name: "linux_banner", Info: global | object, Section: 2, Value: testBase + slide + 0x200000, Size: table.image.sections[1].size},
		{Name: "_end", Info: global | object, Section: 4, Value: testBase + slide + testSize},
	} {
		found := elf.Symbol{}
		for _, s := range list {
			if s.Name == want.Name {
				found = s
			}
		}
		if found != want {
			t.Errorf("WriteELF writes %+v; want %+v", found, want)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteELFFails(t *testing.T) {
	if err := WriteELF(full{}, 0, testTable(t)); err == nil || err.Error() != "writing the symbols: disk full" {
		t.Errorf("WriteELF to a full disk = %v; want an error", err)
	}
}
