// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"bytes"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// guestFile returns a file of the test guest that "make guests" builds.
func guestFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "build", "guests", "x86_64", name))
	if err != nil {
		t.Fatalf("%v; run \"make guests\" first", err)
	}
	return data
}

func TestParseDebian(t *testing.T) {
	vmlinux := guestFile(t, "vmlinux")
	table, err := Parse(vmlinux)
	if err != nil {
		t.Fatalf("Parse(vmlinux) = %v; want no error", err)
	}
	packed, err := Parse(guestFile(t, "vmlinuz"))
	if err != nil {
		t.Fatalf("Parse(vmlinuz) = %v; want no error", err)
	}
	if !slices.Equal(table.Symbols(), packed.Symbols()) {
		t.Error("vmlinuz and vmlinux have different symbols; want the same")
	}
	if n := len(table.Symbols()); n < 50000 {
		t.Errorf("Parse(vmlinux) gives %d symbols; want 50000 or more", n)
	}
	if s, ok := table.Lookup("linux_banner"); !ok || s.Addr != table.banner.addr {
		t.Errorf("linux_banner is at %#x, the banner at %#x; want the same", s.Addr, table.banner.addr)
	}
	f, err := elf.NewFile(bytes.NewReader(vmlinux))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]uint64{
		"_text":              f.Section(".text").Addr,
		"_etext":             f.Section(".text").Addr + f.Section(".text").Size,
		"__start_rodata":     f.Section(".rodata").Addr,
		"_sdata":             f.Section(".data").Addr,
		"_sinittext":         f.Section(".init.text").Addr,
		"__bss_start":        f.Section(".bss").Addr,
		"__start_orc_unwind": f.Section(".orc_unwind").Addr,
		"__per_cpu_end":      f.Section(".data..percpu").Size,
	} {
		if s, ok := table.Lookup(name); !ok || s.Addr != want {
			t.Errorf("%s is at %#x, %v; want %#x, where the section headers have it", name, s.Addr, ok, want)
		}
	}
	exports(t, table, f)
}

// exports compares with what the kernel exports to modules, which it keeps in
// tables of its own: for each symbol the distances from the entry to the symbol,
// to its name and to its namespace (include/asm-generic/export.h, with
// CONFIG_HAVE_ARCH_PREL32_RELOCATIONS).
func exports(t *testing.T, table *Table, f *elf.File) {
	all := map[string]map[uint64]bool{}
	for _, s := range table.Symbols() {
		if all[s.Name] == nil {
			all[s.Name] = map[uint64]bool{}
		}
		all[s.Name][s.Addr] = true
	}
	strings := f.Section("__ksymtab_strings")
	text, err := strings.Data()
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, name := range []string{"__ksymtab", "__ksymtab_gpl"} {
		entries, err := f.Section(name).Data()
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at+12 <= len(entries); at += 12 {
			place := f.Section(name).Addr + uint64(at)
			value := place + uint64(int64(int32(le.Uint32(entries[at:]))))
			from := place + 4 + uint64(int64(int32(le.Uint32(entries[at+4:])))) - strings.Addr
			symbol, _, _ := bytes.Cut(text[from:], []byte{0})
			if !all[string(symbol)][value] {
				t.Errorf("%s exports %s at %#x; Parse has it at %v", name, symbol, value, all[string(symbol)])
			}
			compared++
		}
	}
	if compared < 5000 {
		t.Errorf("compared %d exported symbols; want 5000 or more: the test is void", compared)
	}
}
