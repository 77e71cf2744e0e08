// SPDX-License-Identifier: GPL-2.0-or-later

package pci

import "testing"

// board returns a bus with the two bridges and, at 00:03.0 and .1, a device
// with base address registers.
func board() (*Bus, *Space) {
	b := NewBus()
	b.Attach(0, 0, NewHostBridge())
	b.Attach(1, 0, NewISABridge())
	s := NewSpace(Identity{Vendor: 0x1AF4, Device: 0x1001, Revision: 3, Class: 0x018000, SubsystemVendor: 0x1AF4, SubsystemDevice: 2, InterruptPin: 1})
	s.DefineBAR(0, BARIO, 0x40)
	s.DefineBAR(1, BARMemory32, 0x1000)
	s.DefineBAR(4, BARMemory64Prefetch, 0x4000)
	b.Attach(3, 0, s)
	b.Attach(3, 1, NewSpace(Identity{Vendor: 0x1234, Device: 0x5678}))
	return b, s
}

func address(device, function, reg int) uint32 {
	return uint32(1<<31 | device<<11 | function<<8 | reg)
}

func TestConfigAddress(t *testing.T) {
	b, _ := board()
	b.Out(PortAddress, 4, 0xFFFFFFFF)
	if got := b.In(PortAddress, 4); got != 0x80FFFFFC {
		t.Errorf("CONFIG_ADDRESS after writing all-ones = %#x; want 0x80fffffc", got)
	}
	b.Out(PortAddress, 1, 0)
	b.Out(PortAddress, 2, 0)
	if got := b.In(PortAddress, 4); got != 0x80FFFFFC {
		t.Errorf("CONFIG_ADDRESS after narrow writes = %#x; want it unchanged", got)
	}
	if got := b.In(PortAddress, 1); got != 0xFF {
		t.Errorf("a byte of CONFIG_ADDRESS = %#x; want 0xff", got)
	}
}

func TestConfigReads(t *testing.T) {
	b, _ := board()
	for _, c := range []struct {
		name    string
		address uint32
		port    uint16
		size    int
		want    uint32
	}{
		{"host bridge ID", address(0, 0, 0), 0xCFC, 4, 0x12378086},
		{"host bridge class", address(0, 0, 8), 0xCFE, 2, 0x0600},
		{"host bridge header type", address(0, 0, 0xC), 0xCFE, 1, 0},
		{"ISA bridge ID", address(1, 0, 0), 0xCFC, 4, 0x70008086},
		{"ISA bridge device ID", address(1, 0, 0), 0xCFE, 2, 0x7000},
		{"ISA bridge class", address(1, 0, 8), 0xCFC, 4, 0x06010000},
		{"device with two functions", address(3, 0, 0xC), 0xCFC, 4, 0x00800000},
		{"the same, word", address(3, 0, 0xC), 0xCFE, 2, 0x0080},
		{"the same, byte", address(3, 0, 0xC), 0xCFE, 1, 0x80},
		{"its second function", address(3, 1, 0xC), 0xCFE, 1, 0},
		{"revision", address(3, 0, 8), 0xCFC, 1, 3},
		{"subsystem", address(3, 0, 0x2C), 0xCFC, 4, 0x00021AF4},
		{"interrupt pin", address(3, 0, 0x3C), 0xCFD, 1, 1},
		{"absent function", address(3, 2, 0), 0xCFC, 4, 0xFFFFFFFF},
		{"absent device, byte", address(9, 0, 0), 0xCFF, 1, 0xFF},
		{"absent device, word", address(9, 0, 0), 0xCFE, 2, 0xFFFF},
		{"another bus", address(0, 0, 0) | 1<<16, 0xCFC, 4, 0xFFFFFFFF},
		{"disabled", address(0, 0, 0) &^ (1 << 31), 0xCFC, 4, 0xFFFFFFFF},
		{"across the end of the port", address(0, 0, 0), 0xCFE, 4, 0xFFFF1237},
	} {
		b.Out(PortAddress, 4, c.address)
		if got := b.In(c.port, c.size); got != c.want {
			t.Errorf("%s: In(%#x, %d) at %#x = %#x; want %#x", c.name, c.port, c.size, c.address, got, c.want)
		}
	}
}

func TestConfigWrites(t *testing.T) {
	b, s := board()
	s.SetStatus(0xF9FF)
	for _, c := range []struct {
		name  string
		reg   int
		port  uint16
		size  int
		value uint32
		want  uint32 // the dword
	}{
		{"ID", 0x00, 0xCFC, 4, 0, 0x10011AF4},
		{"command and status", 0x04, 0xCFC, 2, 0xFFFF, 0xF9FF0547},
		{"one status bit", 0x04, 0xCFE, 2, 0x1000, 0xE9FF0547},
		{"I/O BAR sizing", 0x10, 0xCFC, 4, 0xFFFFFFFF, 0xFFFFFFC1},
		{"I/O BAR", 0x10, 0xCFC, 4, 0xC015, 0xC001},
		{"memory BAR sizing", 0x14, 0xCFC, 4, 0xFFFFFFFF, 0xFFFFF000},
		{"64-bit BAR sizing, low", 0x20, 0xCFC, 4, 0xFFFFFFFF, 0xFFFFC00C},
		{"64-bit BAR sizing, high", 0x24, 0xCFC, 4, 0xFFFFFFFF, 0xFFFFFFFF},
		{"no BAR", 0x18, 0xCFC, 4, 0xFFFFFFFF, 0},
		{"no ROM", 0x30, 0xCFC, 4, 0xFFFFFFFF, 0},
		{"interrupt line", 0x3C, 0xCFC, 1, 0x0B, 0x010B},
		{"across the end of the port", 0x3C, 0xCFF, 4, 0xFFFFFFFF, 0x010B},
	} {
		b.Out(PortAddress, 4, address(3, 0, c.reg))
		b.Out(c.port, c.size, c.value)
		if got := b.In(PortData, 4); got != c.want {
			t.Errorf("%s: register %#x after Out(%#x, %d, %#x) = %#x; want %#x", c.name, c.reg, c.port, c.size, c.value, got, c.want)
		}
	}
	for _, c := range []struct {
		n    int
		want uint64
	}{{0, 0xC000}, {1, 0xFFFFF000}, {4, 0xFFFFFFFF_FFFFC000}} {
		if got, on := s.BAR(c.n); got != c.want || !on {
			t.Errorf("BAR(%d) = %#x, %v; want %#x, true", c.n, got, on, c.want)
		}
	}
	s.ConfigWrite(RegCommand, 2, CommandMemory)
	if _, on := s.BAR(0); on {
		t.Error("BAR(0) is enabled; want it disabled by the command register")
	}
	s.ConfigWrite(0xFE, 4, 0xFFFFFFFF)
	if got := s.ConfigRead(0xFE, 4); got != 0 {
		t.Errorf("ConfigRead(0xfe, 4) = %#x; want 0", got)
	}
}

func TestAttachPanics(t *testing.T) {
	for name, f := range map[string]func(*Bus){
		"a place taken":           func(b *Bus) { b.Attach(0, 0, NewHostBridge()) },
		"no function 0":           func(b *Bus) { b.Attach(5, 1, NewISABridge()) },
		"an odd BAR size":         func(*Bus) { NewSpace(Identity{}).DefineBAR(0, BARIO, 24) },
		"a 32-bit BAR of 4 GiB":   func(*Bus) { NewSpace(Identity{}).DefineBAR(0, BARMemory32, 1<<32) },
		"a memory BAR of 8 bytes": func(*Bus) { NewSpace(Identity{}).DefineBAR(0, BARMemory64, 8) },
		"a 64-bit BAR at the end": func(*Bus) { NewSpace(Identity{}).DefineBAR(5, BARMemory64, 16) },
		"an I/O BAR of two bytes": func(*Bus) { NewSpace(Identity{}).DefineBAR(0, BARIO, 2) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			b, _ := board()
			f(b)
		}()
	}
}
