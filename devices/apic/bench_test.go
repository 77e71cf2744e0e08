// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import (
	"testing"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
)

// bench is a local APIC and an IO-APIC on a board that only looks.
type bench struct {
	t     *testing.T
	now   uint64 // instructions, at 1 ns each
	clock *icount.Clock
	local *Local
	io    *IOAPIC
	intr  bool
	nmis  int
	inits int
	pic   uint8 // the vector of the 8259
	tsc   int64 // TSC minus virtual ns
}

func newBench(t *testing.T, virtualWire bool) *bench {
	t.Helper()
	b := &bench{t: t, pic: 0x08}
	clock, err := icount.NewClock(0, func() uint64 { return b.now })
	if err != nil {
		t.Fatal(err)
	}
	b.clock = clock
	b.local = NewLocal(LocalConfig{
		Clock:       clock,
		VirtualWire: virtualWire,
		Interrupt:   devices.LineFunc(func(high bool) { b.intr = high }),
		NMI:         func() { b.nmis++ },
		Init:        func() { b.inits++ },
		INTA:        func() uint8 { return b.pic },
		EOI:         func(v uint8) { b.io.EOI(v) },
		TSC:         func() uint64 { return b.now + uint64(b.tsc) },
	})
	b.io = NewIOAPIC(IOAPICConfig{ID: 1, Deliver: b.local.Deliver})
	return b
}

// enabled returns a bench whose local APIC is software-enabled.
func enabled(t *testing.T) *bench {
	b := newBench(t, false)
	b.write(regSVR, svrEnable|0xFF)
	return b
}

func (b *bench) write(reg uint64, value uint32) { b.local.Write(reg, 4, uint64(value)) }
func (b *bench) read(reg uint64) uint32         { return uint32(b.local.Read(reg, 4)) }

// at moves time to now and serves the timers that are due.
func (b *bench) at(now uint64) {
	b.now = now
	b.clock.RunDue()
}

// redirect writes a whole redirection entry.
func (b *bench) redirect(pin int, entry uint64) {
	b.io.Write(ioRegSel, 4, uint64(ioTable+2*pin+1))
	b.io.Write(ioWin, 4, entry>>32)
	b.io.Write(ioRegSel, 4, uint64(ioTable+2*pin))
	b.io.Write(ioWin, 4, entry&0xFFFFFFFF)
}

func (b *bench) entry(pin int) uint64 {
	b.io.Write(ioRegSel, 1, uint64(ioTable+2*pin))
	low := b.io.Read(ioWin, 4)
	b.io.Write(ioRegSel, 1, uint64(ioTable+2*pin+1))
	return b.io.Read(ioWin, 4)<<32 | low
}

// wantINTR checks the processor's INTR pin.
func (b *bench) wantINTR(what string, want bool) {
	b.t.Helper()
	if b.intr != want {
		b.t.Errorf("INTR after %s = %v; want %v", what, b.intr, want)
	}
}

// wantAck checks that the processor gets a vector.
func (b *bench) wantAck(what string, want uint8) {
	b.t.Helper()
	if got := b.local.Ack(); got != want {
		b.t.Errorf("Ack after %s = %#x; want %#x", what, got, want)
	}
}

// wantRegister checks what a register reads.
func (b *bench) wantRegister(what string, reg uint64, want uint32) {
	b.t.Helper()
	if got := b.read(reg); got != want {
		b.t.Errorf("register %#x after %s = %#x; want %#x", reg, what, got, want)
	}
}
