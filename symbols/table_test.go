// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestParseForms(t *testing.T) {
	for name, f := range forms {
		want := testSymbols(f.percpu)
		table, err := Parse(vmlinux(f.tables(want)))
		if err != nil {
			t.Errorf("%s: Parse = %v; want %d symbols", name, err, len(want))
			continue
		}
		if got := table.Symbols(); !slices.Equal(got, want) {
			t.Errorf("%s: Parse gives the symbols\n%v\nwant\n%v", name, got, want)
		}
		if got := table.Version(); got != testBanner {
			t.Errorf("%s: Version() = %q; want %q", name, got, testBanner)
		}
	}
}

func TestLookup(t *testing.T) {
	table := testTable(t)
	for name, want := range map[string]uint64{"_text": testBase, "current_task": 0x1fb80, "local_7.isra.0": testBase + 0x170} {
		if s, ok := table.Lookup(name); !ok || s.Addr != want || s.Name != name {
			t.Errorf("Lookup(%q) = %v, %v; want it at %#x", name, s, ok, want)
		}
	}
	if s, ok := table.Lookup("nosuch"); ok {
		t.Errorf("Lookup(nosuch) = %v; want none", s)
	}
}

func TestAt(t *testing.T) {
	table := testTable(t)
	for _, c := range []struct {
		addr   uint64
		want   string
		offset uint64
		size   uint64
	}{
		{testBase, "startup_64", 0, 0x100},
		{testBase + 0xff, "startup_64", 0xff, 0x100},
		{testBase + 0x100, "local_0.isra.0", 0, 16},
		{testBase + 0x11f, "local_1.isra.0", 15, 16},
		{testBase + testSize - 1, "linux_banner", 0x1fffff, table.image.sections[1].size},
		{testBase + testSize, "", 0, 0},
		{testBase - 1, "", 0, 0},
		{0x1fb80, "", 0, 0},
		{^uint64(0), "", 0, 0},
	} {
		p, ok := table.At(c.addr)
		if p.Name != c.want || p.Offset != c.offset || p.Size != c.size || p.Module != "" || ok != (c.want != "") {
			t.Errorf("At(%#x) = %q + %#x of %#x, %v; want %q + %#x of %#x", c.addr, p.Name, p.Offset, p.Size, ok, c.want, c.offset, c.size)
		}
	}
}

func TestParseBad(t *testing.T) {
	f := forms["6.4"]
	list := testSymbols(true)
	rodata := f.tables(list)
	changed := func(change func(b []byte)) []byte {
		b := bytes.Clone(rodata)
		change(b)
		return vmlinux(b)
	}
	good := vmlinux(rodata)
	tokens := bytes.Index(rodata, []byte("\x00local_\x00"))
	count := bytes.Index(rodata, put32(nil, uint64(len(list))))
	tables := rodata[tokens : tokens+1024] // token_table, token_index and more
	lastName := bytes.Index(rodata, []byte("B_end"))
	base := bytes.LastIndex(rodata, le.AppendUint64(nil, testBase))
	for name, c := range map[string]struct {
		image []byte
		want  string
	}{
		"empty":         {nil, "not a kernel"},
		"no ELF":        {[]byte("hello"), "not a kernel"},
		"cut ELF":       {good[:50], "damaged ELF"},
		"cut data":      {good[:5000], "damaged ELF"},
		"other machine": {func() []byte { b := bytes.Clone(good); b[18] = 183; return b }(), "not for x86_64"},
		"user program":  {func() []byte { b := bytes.Clone(good); b[64+16+7], b[64+56+16+7] = 0, 0; return b }(), "no segment at"},
		"huge segment":  {func() []byte { b := bytes.Clone(good); b[64+56+40+5] = 1; return b }(), "not inside"},
		"no banner":     {changed(func(b []byte) { clear(b[:0x1001]) }), "banner"},
		"no tokens":     {changed(func(b []byte) { b[tokens+3] = 0 }), "no token table"},
		"no names":      {changed(func(b []byte) { b[lastName-1]++ }), "no table of names"},
		"many tokens":   {vmlinux(append(bytes.Repeat(tables, 17), rodata...)), "more than 16"},
		"one less":      {changed(func(b []byte) { b[count]-- }), "no table of names"},
		"one more":      {changed(func(b []byte) { b[count]++ }), "no table of names"},
		"no base":       {changed(func(b []byte) { b[base+3] ^= 0x40 }), "no table of addresses"},
		"unsorted":      {changed(func(b []byte) { b[base-40] ^= 0x40 }), "no table of addresses"},
	} {
		_, err := Parse(c.image)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: Parse = %v; want an error with %q", name, err, c.want)
		}
		if typed := (*NoSymbolsError)(nil); c.want != "not a kernel" && !errors.As(err, &typed) {
			t.Errorf("%s: Parse gives an error of type %T; want a *NoSymbolsError", name, err)
		}
	}
}

// A hostile table may make long names out of little.
func TestParseBoundsNames(t *testing.T) {
	f := forms["6.4"]
	list := testSymbols(true)
	list[300].Name = strings.Repeat("local_", 200)
	_, err := Parse(vmlinux(f.tables(list)))
	if want := "symbol number 300 has a name of 1200 bytes"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Parse of a kernel with a name of 1200 bytes = %v; want an error with %q", err, want)
	}
}

func FuzzParse(f *testing.F) {
	for _, form := range forms {
		f.Add(form.tables(testSymbols(form.percpu)))
	}
	f.Fuzz(func(t *testing.T, rodata []byte) {
		table, err := Parse(vmlinux(rodata))
		if err != nil {
			return
		}
		last := uint64(0)
		for _, s := range table.Symbols() {
			if s.Addr < last || s.Name == "" {
				t.Fatalf("Parse gives %v behind %#x; want names at ascending addresses", s, last)
			}
			last = s.Addr
		}
		var out bytes.Buffer
		if err := WriteELF(&out, slideStep, table); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzHeaders(f *testing.F) {
	f.Add(vmlinux(forms["6.4"].tables(testSymbols(true))))
	f.Fuzz(func(_ *testing.T, image []byte) {
		if table, err := Parse(image); err == nil {
			table.At(testBase)
		}
	})
}
