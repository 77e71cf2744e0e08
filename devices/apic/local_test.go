// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "testing"

func TestResetState(t *testing.T) {
	b := newBench(t, false)
	for _, c := range []struct {
		reg  uint64
		want uint32
	}{
		{regID, 0}, {regVersion, 0x50014}, {regTPR, 0}, {regPPR, 0}, {regLDR, 0},
		{regDFR, 0xFFFFFFFF}, {regSVR, 0xFF}, {regISR, 0}, {regIRR + 0x70, 0}, {regESR, 0},
		{regICRLow, 0}, {regICRHigh, 0}, {0x320, 0x10000}, {0x330, 0x10000}, {0x340, 0x10000},
		{0x350, 0x10000}, {0x360, 0x10000}, {0x370, 0x10000}, {regInitial, 0}, {regCurrent, 0}, {regDivide, 0},
	} {
		b.wantRegister("reset", c.reg, c.want)
	}
	b.wantINTR("reset", false)

	wired := newBench(t, true)
	wired.wantRegister("reset with virtual wire", regSVR, 0x1FF)
	wired.wantRegister("reset with virtual wire", 0x350, 0x700)
	wired.wantRegister("reset with virtual wire", 0x360, 0x400)
}

func TestRegisterWrites(t *testing.T) {
	for _, c := range []struct {
		name        string
		reg         uint64
		value, want uint32
	}{
		{"ID", regID, 0xFFFFFFFF, 0xFF000000},
		{"TPR", regTPR, 0xFFFFFFFF, 0xFF},
		{"version is read-only", regVersion, 0, 0x50014},
		{"PPR is read-only", regPPR, 0xFF, 0},
		{"LDR", regLDR, 0xFFFFFFFF, 0xFF000000},
		{"DFR", regDFR, 0, 0x0FFFFFFF},
		{"SVR", regSVR, 0xFFFFFFFF, 0x1FF},
		{"ISR is read-only", regISR + 0x10, 0xFF, 0},
		{"ICR high", regICRHigh, 0xFFFFFFFF, 0xFF000000},
		{"ICR low", regICRLow, 0xFFFFFFFF &^ (3 << 18), 0xCFFF &^ 0x1000},
		{"LVT timer", 0x320, 0xFFFFFFFF, 0x700FF},
		{"LVT thermal", 0x330, 0xFFFFFFFF, 0x107FF},
		{"LVT performance", 0x340, 0xFFFFFFFF, 0x107FF},
		{"LVT LINT0", 0x350, 0xFFFFFFFF, 0x1A7FF},
		{"LVT LINT1", 0x360, 0xFFFFFFFF, 0x1A7FF},
		{"LVT error", 0x370, 0xFFFFFFFF, 0x100FF},
		{"divide", regDivide, 0xFFFFFFFF, 0xB},
		{"current count is read-only", regCurrent, 5, 0},
	} {
		b := enabled(t)
		b.write(c.reg, c.value)
		if got := b.read(c.reg); got != c.want {
			t.Errorf("%s: wrote %#x, read %#x; want %#x", c.name, c.value, got, c.want)
		}
	}
}

func TestAccessSizes(t *testing.T) {
	b := enabled(t)
	for _, c := range []struct {
		offset uint64
		size   int
		want   uint64
	}{
		{regVersion, 1, 0x14}, {regVersion + 2, 1, 0x05}, {regVersion, 2, 0x14}, {regVersion + 2, 2, 5},
		{regVersion, 8, 0x50014}, {regVersion + 4, 4, 0}, {regVersion + 8, 4, 0},
	} {
		if got := b.local.Read(c.offset, c.size); got != c.want {
			t.Errorf("Read(%#x, %d) = %#x; want %#x", c.offset, c.size, got, c.want)
		}
	}
	b.local.Write(regTPR, 1, 0x20)
	b.local.Write(regTPR+4, 4, 0x30)
	b.wantRegister("narrow and unaligned writes", regTPR, 0)
	b.local.Write(regTPR, 8, 0xFFFFFFFF_00000040)
	b.wantRegister("a 64-bit write", regTPR, 0x40)
}

func TestPriorityAndNesting(t *testing.T) {
	b := enabled(t)
	b.write(regICRLow, 1<<18|0x41)
	b.wantINTR("self IPI 0x41", true)
	b.write(regTPR, 0x4F)
	b.wantINTR("TPR 0x4f", false)
	b.wantAck("a masked request", 0xFF) // spurious
	b.local.SetTaskPriority(3)
	b.wantINTR("CR8 = 3", true)
	if got := b.local.TaskPriority(); got != 3 {
		t.Errorf("TaskPriority() = %d; want 3", got)
	}
	b.wantRegister("CR8 = 3", regTPR, 0x30)
	b.wantAck("CR8 = 3", 0x41)
	b.wantRegister("acknowledge", regPPR, 0x40)
	b.wantRegister("acknowledge", regISR+0x20, 1<<1)
	b.wantINTR("acknowledge", false)

	b.write(regICRLow, 1<<18|0x4F) // same class: waits
	b.wantINTR("IPI of the same class", false)
	b.write(regICRLow, 2<<18|0xE0) // higher class: nests
	b.wantINTR("IPI of a higher class", true)
	b.wantAck("IPI of a higher class", 0xE0)
	b.write(regEOI, 0)
	b.wantRegister("first EOI", regPPR, 0x40)
	b.wantINTR("first EOI", false)
	b.write(regEOI, 0)
	b.wantINTR("second EOI", true)
	b.wantAck("second EOI", 0x4F)
	b.write(regEOI, 0)
	b.write(regEOI, 0) // one too many does nothing
	b.wantRegister("last EOI", regPPR, 0x30)
}

func TestIPIDestinations(t *testing.T) {
	for _, c := range []struct {
		name     string
		icr      uint32
		dest     uint8
		ldr, dfr uint32
		want     bool // accepted
	}{
		{name: "physical own ID", icr: 0x50, dest: 0, want: true},
		{name: "physical other ID", icr: 0x50, dest: 1},
		{name: "physical broadcast", icr: 0x50, dest: 0xFF, want: true},
		{name: "self", icr: 1<<18 | 0x50, dest: 7, want: true},
		{name: "all with self", icr: 2<<18 | 0x50, dest: 7, want: true},
		{name: "all but self", icr: 3<<18 | 0x50},
		{name: "lowest priority", icr: 1<<8 | 0x50, want: true},
		{name: "flat hit", icr: icrLogical | 0x50, dest: 0x03, ldr: 0x01000000, dfr: 0xF0000000, want: true},
		{name: "flat miss", icr: icrLogical | 0x50, dest: 0x02, ldr: 0x01000000, dfr: 0xF0000000},
		{name: "cluster hit", icr: icrLogical | 0x50, dest: 0x23, ldr: 0x21000000, want: true},
		{name: "cluster miss", icr: icrLogical | 0x50, dest: 0x13, ldr: 0x21000000},
		{name: "all clusters", icr: icrLogical | 0x50, dest: 0xF1, ldr: 0x21000000, want: true},
		{name: "no model", icr: icrLogical | 0x50, dest: 0x01, ldr: 0x01000000, dfr: 0x70000000},
		{name: "ExtINT is no IPI", icr: 1<<18 | 7<<8 | 0x50},
		{name: "SIPI", icr: 6<<8 | 0x50},
		{name: "SMI", icr: 2 << 8},
	} {
		b := enabled(t)
		b.write(regLDR, c.ldr)
		b.write(regDFR, c.dfr)
		b.write(regICRHigh, uint32(c.dest)<<24)
		b.write(regICRLow, c.icr)
		if b.intr != c.want {
			t.Errorf("%s: INTR = %v; want %v", c.name, b.intr, c.want)
		}
	}
}

func TestNMIAndInit(t *testing.T) {
	b := newBench(t, false) // neither needs the software enable
	b.write(regICRLow, 4<<8)
	if b.nmis != 1 {
		t.Errorf("NMIs after an NMI to itself = %d; want 1", b.nmis)
	}
	b.write(regTPR, 0x20)
	b.write(regICRLow, 5<<8|icrLevel) // de-assert
	if b.inits != 0 {
		t.Errorf("INITs after a de-assert = %d; want 0", b.inits)
	}
	b.write(regICRLow, 5<<8|icrLevel|icrAssert)
	if b.inits != 1 {
		t.Errorf("INITs after INIT to itself = %d; want 1", b.inits)
	}
	b.wantRegister("INIT", regTPR, 0)
}

func TestErrors(t *testing.T) {
	b := enabled(t)
	b.write(0x370, 0x31) // LVT error
	b.write(regICRLow, 1<<18|0x0F)
	b.wantINTR("sending vector 15", true)
	b.wantAck("sending vector 15", 0x31)
	b.write(regEOI, 0)
	b.wantRegister("no write to it", regESR, 0)
	b.write(regESR, 0)
	b.wantRegister("sending vector 15 and a write", regESR, errSendVector)
	b.read(0x3F0)
	b.write(0x040, 0)
	b.wantAck("a register that does not exist", 0x31)
	b.local.Deliver(Message{Vector: 3})
	b.write(regESR, 0)
	b.wantRegister("a bad register and a bad message", regESR, errRegister|errReceiveVector)
	b.write(regESR, 0)
	b.wantRegister("nothing new", regESR, 0)
	b.write(0x370, 2) // an error vector that is itself illegal
	b.read(0x3F0)
	b.write(regESR, 0)
	b.wantRegister("an illegal error vector", regESR, errRegister|errReceiveVector)
}

func TestSoftwareDisable(t *testing.T) {
	b := enabled(t)
	b.write(0x350, 0x700)
	b.write(regICRLow, 1<<18|0x60)
	b.write(regSVR, 0xFF)
	b.wantRegister("software disable", 0x350, 0x10700)
	b.write(0x350, 0x700)
	b.wantRegister("unmasking while disabled", 0x350, 0x10700)
	b.write(regICRLow, 1<<18|0x70)
	b.wantAck("software disable", 0x60) // held from before; 0x70 was refused
	b.wantINTR("the held request", false)
	b.write(regSVR, 0x1FF)
	b.wantRegister("enabling again", 0x350, 0x10700)
}

func TestExtINT(t *testing.T) {
	b := newBench(t, true)
	b.local.LINT0().Set(true)
	b.wantINTR("8259 high, virtual wire", true)
	b.wantAck("8259 high", 0x08)
	b.write(regICRLow, 1<<18|0x21)
	b.wantAck("both", 0x21) // the APIC's own come first
	b.wantAck("the rest", 0x08)
	b.write(0x350, 0x10700)
	b.wantINTR("LINT0 masked", false)
	b.wantAck("LINT0 masked", 0xFF)
	b.local.LINT0().Set(false)
	b.write(0x350, 0x700)
	b.wantINTR("8259 low", false)

	b.redirect(0, uint64(modeExtINT)<<8)
	b.io.Line(0).Set(true)
	b.wantINTR("ExtINT message", true)
	b.wantAck("ExtINT message", 0x08)
	b.wantINTR("ExtINT message acknowledged", false)
}

func TestPins(t *testing.T) {
	b := enabled(t)
	b.write(0x360, 0x400)
	b.local.LINT1().Set(true)
	b.local.LINT1().Set(true)
	if b.nmis != 1 {
		t.Errorf("NMIs after one rising edge of LINT1 = %d; want 1", b.nmis)
	}
	b.write(0x360, 0x10400)
	b.local.LINT1().Set(false)
	b.local.LINT1().Set(true)
	if b.nmis != 1 {
		t.Errorf("NMIs after an edge of masked LINT1 = %d; want 1", b.nmis)
	}

	b.write(0x350, 0x55) // LINT0 fixed, edge
	b.local.LINT0().Set(true)
	b.wantAck("edge on LINT0", 0x55)
	b.write(regEOI, 0)
	b.wantINTR("end of an edge", false)

	b.write(0x350, 0x8055) // level, and the pin is high
	b.wantRegister("level on LINT0", 0x350, 0xC055)
	b.wantAck("level on LINT0", 0x55)
	b.write(regEOI, 0)
	b.wantINTR("end of a level still high", true)
	b.wantAck("end of a level still high", 0x55)
	b.local.LINT0().Set(false)
	b.write(regEOI, 0)
	b.wantINTR("end of a level gone low", false)
	b.wantRegister("end of a level gone low", 0x350, 0x8055)
}

func TestBaseMSR(t *testing.T) {
	b := enabled(t)
	if v, ok := b.local.ReadMSR(MSRBase); v != 0xFEE00900 || !ok {
		t.Errorf("ReadMSR(0x1b) = %#x, %v; want 0xfee00900, true", v, ok)
	}
	for _, c := range []struct {
		value uint64
		want  bool
	}{
		{0xFEE00900, true}, {0xFEE00800, true}, {0xFEE00D00, false}, {0xFEE00901, false},
		{0xFEC00900, false}, {0x1FEE00900, false},
	} {
		if got := b.local.WriteMSR(MSRBase, c.value); got != c.want {
			t.Errorf("WriteMSR(0x1b, %#x) = %v; want %v", c.value, got, c.want)
		}
	}
	for _, index := range []uint32{0x10, 0x802, 0x6E1} {
		if _, ok := b.local.ReadMSR(index); ok || b.local.WriteMSR(index, 0) {
			t.Errorf("MSR %#x is served; want it refused", index)
		}
	}

	b.local.WriteMSR(MSRBase, 0xFEE00100) // global disable
	b.local.LINT0().Set(true)
	b.wantINTR("8259 high, APIC disabled", true)
	b.wantAck("8259 high, APIC disabled", 0x08)
	b.wantRegister("global disable", regVersion, 0xFFFFFFFF)
	b.write(regTPR, 0x30)
	b.local.LINT1().Set(true)
	if b.nmis != 1 {
		t.Errorf("NMIs from LINT1 of a disabled APIC = %d; want 1", b.nmis)
	}
	if b.local.Deliver(Message{Vector: 0x40}) {
		t.Error("a disabled APIC accepted a message")
	}
	b.local.WriteMSR(MSRBase, 0xFEE00900)
	b.wantRegister("enabling again", regSVR, 0xFF)
	b.wantRegister("enabling again", regTPR, 0)
	b.wantINTR("enabling again, LINT0 masked", false)
}
