// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAML(t *testing.T) {
	for _, c := range []struct {
		asl  string
		got  aml
		want []byte
	}{
		{"0", integer(0), []byte{0}},
		{"1", integer(1), []byte{1}},
		{"0xFF", integer(0xFF), []byte{0x0A, 0xFF}},
		{"0x100", integer(0x100), []byte{0x0B, 0, 1}},
		{"0x10000", integer(0x10000), []byte{0x0C, 0, 0, 1, 0}},
		{"0x100000000", integer(1 << 32), []byte{0x0E, 0, 0, 0, 0, 1, 0, 0, 0}},
		{`"AB"`, text("AB"), []byte{0x0D, 'A', 'B', 0}},
		{`EisaId("PNP0A03")`, eisaID("PNP0A03"), []byte{0x0C, 0x41, 0xD0, 0x0A, 0x03}},
		{`EisaId("PNP0501")`, eisaID("PNP0501"), []byte{0x0C, 0x41, 0xD0, 0x05, 0x01}},
		{`"ACPI0007"`, eisaID("ACPI0007"), text("ACPI0007")},
		{"Package(){5,0}", pack(integer(5), integer(0)), []byte{0x12, 5, 2, 0x0A, 5, 0}},
		{"Buffer(){1,2}", buffer([]byte{1, 2}), []byte{0x11, 5, 0x0A, 2, 1, 2}},
		{"Name(_S5_,0)", name("_S5_", integer(0)), []byte("\x08_S5_\x00")},
		{"Scope(_SB_){}", scope("_SB_"), []byte("\x10\x05_SB_")},
		{"Device(COM1){}", device("COM1"), []byte("\x5B\x82\x05COM1")},
		{"IO", ioPorts(PortRange{0x3F8, 8}), []byte{0x47, 1, 0xF8, 3, 0xF8, 3, 1, 8}},
		{"IRQNoFlags", irq(4), []byte{0x22, 0x10, 0}},
		{"IRQNoFlags 9", irq(9), []byte{0x22, 0, 2}},
	} {
		if !bytes.Equal(c.got, c.want) {
			t.Errorf("%s = % x; want % x", c.asl, []byte(c.got), c.want)
		}
	}
}

func TestPackageLength(t *testing.T) {
	for _, c := range []struct {
		body int
		want []byte
	}{
		{0, []byte{1}}, {62, []byte{63}}, {63, []byte{0x41, 0x04}}, {0xFFD, []byte{0x4F, 0xFF}},
		{0xFFE, []byte{0x81, 0x00, 0x01}}, {0xFFFFC, []byte{0x8F, 0xFF, 0xFF}}, {0xFFFFD, []byte{0xC1, 0x00, 0x00, 0x01}},
	} {
		got := length(make(aml, c.body))
		if head := got[:len(got)-c.body]; !bytes.Equal(head, c.want) {
			t.Errorf("length of %d bytes = % x; want % x", c.body, []byte(head), c.want)
		}
	}
}

// TestDisassembly gives the tables to the ACPICA disassembler, if there is one,
// and the DSDT's source back to its compiler, which checks what it means.
func TestDisassembly(t *testing.T) {
	if _, err := exec.LookPath("iasl"); err != nil {
		t.Log("iasl is not installed: the DSDT is not disassembled")
		return
	}
	source := disassemble(t, build(t, pc()))
	for _, want := range []string{
		"Name (_S5, Package (0x04)", "Device (PCI0)", `EisaId ("PNP0A03")`, "Device (COM2)", `"ACPI0007"`,
		"IRQNoFlags ()", "DWordMemory (ResourceProducer", "0xFEBFFFFF", "Name (_PRT, Package (0x20)",
	} {
		if !strings.Contains(source, want) {
			t.Errorf("the disassembled DSDT does not contain %q:\n%s", want, source)
		}
	}
	plain := pc()
	plain.PCI, plain.GPE0 = nil, 0
	if source := disassemble(t, build(t, plain)); strings.Contains(source, "PCI0") {
		t.Errorf("the DSDT of a board without PCI names PCI0:\n%s", source)
	}
}

// disassemble returns the DSDT's source, after checking that it compiles to the
// same AML and that the other tables can be disassembled.
func disassemble(t *testing.T, tables Tables) string {
	t.Helper()
	dir := t.TempDir()
	iasl := func(args ...string) string {
		cmd := exec.Command("iasl", args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("iasl %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	for _, signature := range []string{"FACP", "APIC", "DSDT", "FACS", "RSDT", "XSDT"} {
		file := strings.ToLower(signature) + ".aml"
		if err := os.WriteFile(filepath.Join(dir, file), find(t, tables, signature), 0o666); err != nil {
			t.Fatal(err)
		}
		if out := iasl("-d", file); strings.Contains(out, "Error") || strings.Contains(out, "nvalid") {
			t.Errorf("disassembling %s:\n%s", signature, out)
		}
	}
	if out := iasl("-p", "again", "dsdt.dsl"); !strings.Contains(out, "0 Errors, 0 Warnings") {
		t.Errorf("compiling the disassembled DSDT:\n%s", out)
	}
	again, err := os.ReadFile(filepath.Join(dir, "again.aml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := find(t, tables, "DSDT"); len(again) < headerLen || !bytes.Equal(again[headerLen:], want[headerLen:]) {
		t.Errorf("the DSDT compiled from its disassembly differs: %d bytes; want %d", len(again), len(want))
	}
	source, err := os.ReadFile(filepath.Join(dir, "dsdt.dsl"))
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}
