// SPDX-License-Identifier: GPL-2.0-or-later

package acpi

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
)

// pc is the configuration of a usual board.
func pc() Config {
	return Config{
		Base: 0xE0000, Size: 0x10000,
		LocalAPIC: 0xFEE00000, IOAPIC: 0xFEC00000, IOAPICID: 1,
		Overrides: []Override{{IRQ: 0, GSI: 2}, {IRQ: 9, GSI: 9, Level: true}},
		SCI:       9,
		PM1Event:  0x600, PM1Control: 0x604, PMTimer: 0x608, GPE0: 0x60C, GPE0Len: 4,
		SleepS5:   5,
		ResetPort: 0xCF9, ResetValue: 6,
		Century: 0x32,
		Devices: []Device{
			{Name: "PIC_", HID: "PNP0000", Ports: []PortRange{{0x20, 2}, {0xA0, 2}, {0x4D0, 2}}, IRQs: []uint8{2}},
			{Name: "TIMR", HID: "PNP0100", Ports: []PortRange{{0x40, 4}}, IRQs: []uint8{0}},
			{Name: "RTC_", HID: "PNP0B00", Ports: []PortRange{{0x70, 2}}, IRQs: []uint8{8}},
			{Name: "KBD_", HID: "PNP0303", Ports: []PortRange{{0x60, 1}, {0x64, 1}}, IRQs: []uint8{1}},
			{Name: "COM1", HID: "PNP0501", UID: 1, Ports: []PortRange{{0x3F8, 8}}, IRQs: []uint8{4}},
			{Name: "COM2", HID: "PNP0501", UID: 2, Ports: []PortRange{{0x2F8, 8}}, IRQs: []uint8{3}},
		},
		PCI: &PCI{ConfigPort: 0xCF8, Memory: Window{0xC0000000, 0xFEBFFFFF}, IRQs: [4]uint8{10, 11, 10, 11}, Slots: 8},
	}
}

func build(t *testing.T, c Config) Tables {
	t.Helper()
	tables, err := Build(c)
	if err != nil {
		t.Fatal(err)
	}
	return tables
}

// at returns the table at a physical address, after checking its header.
func at(t *testing.T, tables Tables, pa uint64, signature string) []byte {
	t.Helper()
	if pa < tables.Base || pa+8 > tables.Base+uint64(len(tables.Bytes)) {
		t.Fatalf("%s is at %#x; want it within %#x+%#x", signature, pa, tables.Base, len(tables.Bytes))
	}
	b := tables.Bytes[pa-tables.Base:]
	n := binary.LittleEndian.Uint32(b[4:])
	if int(n) > len(b) {
		t.Fatalf("%s at %#x has length %d; want at most %d", signature, pa, n, len(b))
	}
	b = b[:n]
	if got := string(b[:4]); got != signature {
		t.Fatalf("the table at %#x is %q; want %q", pa, got, signature)
	}
	if signature != "FACS" && sum(b) != 0 {
		t.Errorf("the bytes of %s add up to %#x; want 0", signature, sum(b))
	}
	return b
}

func sum(b []byte) (s byte) {
	for _, v := range b {
		s += v
	}
	return s
}

func TestPointersAndChecksums(t *testing.T) {
	tables := build(t, pc())
	le := binary.LittleEndian
	root := tables.Bytes[tables.RSDP-tables.Base:][:36]
	if string(root[:8]) != "RSD PTR " || root[15] != 2 || le.Uint32(root[20:]) != 36 || tables.RSDP%16 != 0 {
		t.Errorf("RSDP at %#x = % x; want the signature, revision 2 and length 36 at a multiple of 16", tables.RSDP, root)
	}
	if sum(root[:20]) != 0 || sum(root) != 0 {
		t.Errorf("the RSDP's first 20 bytes add up to %#x, all to %#x; want 0, 0", sum(root[:20]), sum(root))
	}
	list32 := at(t, tables, uint64(le.Uint32(root[16:])), "RSDT")
	list64 := at(t, tables, le.Uint64(root[24:]), "XSDT")
	if len(list32) != 36+2*4 || len(list64) != 36+2*8 {
		t.Fatalf("RSDT and XSDT are %d and %d bytes; want 44 and 52", len(list32), len(list64))
	}
	for i, signature := range []string{"FACP", "APIC"} {
		pa := le.Uint64(list64[36+8*i:])
		if got := uint64(le.Uint32(list32[36+4*i:])); got != pa {
			t.Errorf("RSDT entry %d = %#x; want %#x as in the XSDT", i, got, pa)
		}
		at(t, tables, pa, signature)
	}
	fixed := at(t, tables, le.Uint64(list64[36:]), "FACP")
	control := uint64(le.Uint32(fixed[36:]))
	if facs := at(t, tables, control, "FACS"); control%64 != 0 || len(facs) != 64 {
		t.Errorf("FACS is at %#x with %d bytes; want a multiple of 64 and 64 bytes", control, len(facs))
	}
	if a, b := uint64(le.Uint32(fixed[40:])), le.Uint64(fixed[140:]); a != b {
		t.Errorf("DSDT and X_DSDT = %#x, %#x; want them equal", a, b)
	}
	at(t, tables, uint64(le.Uint32(fixed[40:])), "DSDT")
	if again := build(t, pc()); !bytes.Equal(again.Bytes, tables.Bytes) {
		t.Error("building twice gave different bytes")
	}
}

// find returns the first table with a signature.
func find(t *testing.T, tables Tables, signature string) []byte {
	t.Helper()
	i := bytes.Index(tables.Bytes, []byte(signature))
	if i < 0 {
		t.Fatalf("there is no %s", signature)
	}
	return at(t, tables, tables.Base+uint64(i), signature)
}

func TestFADT(t *testing.T) {
	fixed := find(t, build(t, pc()), "FACP")
	if len(fixed) != 244 || fixed[8] != 4 {
		t.Fatalf("FADT has %d bytes and revision %d; want 244 and 4", len(fixed), fixed[8])
	}
	le := binary.LittleEndian
	for _, c := range []struct {
		name string
		at   int
		size int
		want uint64
	}{
		{"SCI_INT", 46, 2, 9}, {"SMI_CMD", 48, 4, 0}, {"PM1a_EVT_BLK", 56, 4, 0x600}, {"PM1b_EVT_BLK", 60, 4, 0},
		{"PM1a_CNT_BLK", 64, 4, 0x604}, {"PM_TMR_BLK", 76, 4, 0x608}, {"GPE0_BLK", 80, 4, 0x60C},
		{"PM1_EVT_LEN", 88, 1, 4}, {"PM1_CNT_LEN", 89, 1, 2}, {"PM_TMR_LEN", 91, 1, 4}, {"GPE0_BLK_LEN", 92, 1, 4},
		{"CENTURY", 108, 1, 0x32}, {"IAPC_BOOT_ARCH", 109, 2, 7}, {"Flags", 112, 4, 0x565},
		{"RESET_REG space, width", 116, 2, 0x0801}, {"RESET_REG address", 120, 8, 0xCF9}, {"RESET_VALUE", 128, 1, 6},
		{"X_FIRMWARE_CTRL", 132, 8, 0},
		{"X_PM1a_EVT_BLK", 148, 4, 0x02002001}, {"X_PM1a_EVT_BLK address", 152, 8, 0x600},
		{"X_PM1a_CNT_BLK", 172, 4, 0x02001001}, {"X_PM1a_CNT_BLK address", 176, 8, 0x604},
		{"X_PM_TMR_BLK", 208, 4, 0x03002001}, {"X_PM_TMR_BLK address", 212, 8, 0x608},
		{"X_GPE0_BLK", 220, 4, 0x01002001}, {"X_GPE0_BLK address", 224, 8, 0x60C},
	} {
		var b [8]byte
		copy(b[:], fixed[c.at:c.at+c.size])
		if got := le.Uint64(b[:]); got != c.want {
			t.Errorf("FADT %s at %d = %#x; want %#x", c.name, c.at, got, c.want)
		}
	}

	c := pc()
	c.Devices, c.VGA, c.GPE0, c.ResetPort = nil, true, 0, 0
	fixed = find(t, build(t, c), "FACP")
	if got := le.Uint16(fixed[109:]); got != 1 {
		t.Errorf("IAPC_BOOT_ARCH without keyboard and with VGA = %#x; want 1", got)
	}
	if got := le.Uint32(fixed[112:]); got&fadtResetRegSup != 0 {
		t.Errorf("Flags without a reset register = %#x; want bit 10 clear", got)
	}
	if got := fixed[92]; got != 0 {
		t.Errorf("GPE0_BLK_LEN without GPE0 = %d; want 0", got)
	}
}

func TestMADT(t *testing.T) {
	got := find(t, build(t, pc()), "APIC")[36:]
	want := []byte{
		0x00, 0x00, 0xE0, 0xFE, 1, 0, 0, 0,
		0, 8, 0, 0, 1, 0, 0, 0,
		1, 12, 1, 0, 0x00, 0x00, 0xC0, 0xFE, 0, 0, 0, 0,
		2, 10, 0, 0, 2, 0, 0, 0, 5, 0,
		2, 10, 0, 9, 9, 0, 0, 0, 13, 0,
		4, 6, 0xFF, 5, 0, 1,
	}
	if !bytes.Equal(got, want) {
		t.Errorf("MADT body = % x\nwant % x", got, want)
	}
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		want string
		spy  func(*Config)
	}{
		{"multiple of 64", func(c *Config) { c.Base = 0xE0010 }},
		{"below 4 GiB", func(c *Config) { c.Base = 0xFFFFFFC0 }},
		{"there are 100", func(c *Config) { c.Size = 100 }},
		{"SLP_TYP 8", func(c *Config) { c.SleepS5 = 8 }},
		{"SCI 16", func(c *Config) { c.SCI = 16 }},
		{`"COM"`, func(c *Config) { c.Devices[4].Name = "COM" }},
		{`"1COM"`, func(c *Config) { c.Devices[4].Name = "1COM" }},
		{"IRQ 16", func(c *Config) { c.Devices[4].IRQs[0] = 16 }},
		{"PCI interrupt 17", func(c *Config) { c.PCI.IRQs[2] = 17 }},
		{"33 PCI slots", func(c *Config) { c.PCI.Slots = 33 }},
	} {
		cfg := pc()
		c.spy(&cfg)
		if _, err := Build(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Build = %v; want an error with %q", err, c.want)
		}
	}
}
