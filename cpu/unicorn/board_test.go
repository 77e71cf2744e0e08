// SPDX-License-Identifier: GPL-2.0-or-later

package unicorn

// access is one device access, with the count at which the board saw it.
type access struct {
	icount uint64
	kind   string
	addr   uint64
	size   int
	value  uint64
}

// testBoard answers reads with a function of the address and the count, so that
// an access at a wrong count shows in the guest's state.
type testBoard struct {
	e      *Engine
	log    []access
	vector uint8 // what AckInterrupt says
	tpr    uint8
	onOut  func(port uint16, value uint32)
}

// Ports at which every testBoard does something to the CPU, so that a guest can
// ask for it at an exact instruction.
const (
	portIRQ = 0x10 // raises INTR with the vector written
	portNMI = 0x11 // latches an NMI
	portA20 = 0x92 // bit 1 drives the A20 gate

	mmioIRQ = guestMMIO + 0xf00 // a read raises INTR with vector 0x34
	mmioNMI = guestMMIO + 0xf08 // a read latches an NMI; both read a selector for SS
)

func (b *testBoard) add(kind string, addr uint64, size int, value uint64) {
	b.log = append(b.log, access{b.e.ICount(), kind, addr, size, value})
}

func (b *testBoard) PortIn(port uint16, size int) uint32 {
	v := uint32(b.e.ICount()) ^ uint32(port)<<16
	b.add("in", uint64(port), size, uint64(v))
	return v
}

func (b *testBoard) PortOut(port uint16, size int, value uint32) {
	b.add("out", uint64(port), size, uint64(value))
	switch port {
	case portIRQ:
		b.raise(uint8(value))
	case portNMI:
		b.e.NMI()
	case portA20:
		b.e.SetA20(value&2 != 0)
	}
	if b.onOut != nil {
		b.onOut(port, value)
	}
}

func (b *testBoard) raise(vector uint8) {
	b.vector = vector
	b.e.SetInterrupt(true)
}

func (b *testBoard) MMIORead(pa uint64, size int) uint64 {
	v := b.e.ICount()*0x9e3779b97f4a7c15 ^ pa
	switch pa {
	case mmioIRQ:
		b.raise(0x34)
		v = 0x18
	case mmioNMI:
		b.e.NMI()
		v = 0x18
	}
	b.add("read", pa, size, v)
	return v
}

func (b *testBoard) MMIOWrite(pa uint64, size int, value uint64) { b.add("write", pa, size, value) }

func (b *testBoard) AckInterrupt() uint8 {
	b.add("ack", 0, 0, uint64(b.vector))
	b.e.SetInterrupt(false)
	return b.vector
}

func (b *testBoard) TaskPriority() uint8 {
	b.add("tpr", 0, 0, uint64(b.tpr))
	return b.tpr
}

func (b *testBoard) SetTaskPriority(v uint8) {
	b.add("settpr", 0, 0, uint64(v))
	b.tpr = v
}

// The board knows one MSR, the APIC base.
const msrAPICBase = 0x1b

func (b *testBoard) ReadMSR(index uint32) (uint64, bool) {
	b.add("rdmsr", uint64(index), 0, 0)
	return b.e.ICount(), index == msrAPICBase
}

func (b *testBoard) WriteMSR(index uint32, value uint64) bool {
	b.add("wrmsr", uint64(index), 0, value)
	return index == msrAPICBase
}
