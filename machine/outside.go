// SPDX-License-Identifier: GPL-2.0-or-later

package machine

// OutsideWrite is a write to RAM by something else than an instruction.
type OutsideWrite struct {
	By string // who made it, as "the debugger"
	// Before is the count of the last canonical state in which it is not made yet; that
	// at the next count has it.
	Before uint64
	PA     uint64 // guest physical address
	Data   []byte // what is written there; it may be there already
}

// OnOutside sets who is told of each write to RAM from outside of the processor, just
// before it is made; nil: nobody is. The machine's first PowerOn is none. Within a Run
// f may return true: the run stops behind the writes of that one cause, with
// StopOutside.
func (m *Machine) OnOutside(f func(OutsideWrite) (stop bool)) { m.onOutside = f }

// outside is who writes to RAM now, and what became of it.
type outside struct {
	by     string // empty: nobody of interest
	before uint64
	stop   bool // somebody who was told wants it to
}

// by makes what f writes to RAM an OutsideWrite. f runs between two instructions: who
// writes in the middle of one, as a device with DMA may, has to end the processor's run
// behind it as well, as Raise does.
func (m *Machine) by(who string, before uint64, f func() error) error {
	m.outside.by, m.outside.before = who, before
	defer func() { m.outside.by = "" }()
	return f()
}

// written is told by RAM that something is about to be written.
func (m *Machine) written(pa uint64, data []byte) {
	if m.outside.by == "" || m.onOutside == nil {
		return
	}
	w := OutsideWrite{By: m.outside.by, Before: m.outside.before, PA: pa, Data: data}
	m.outside.stop = m.onOutside(w) || m.outside.stop
}

// stopsOutside reports whether a write from outside is to end the Run, and forgets it.
func (m *Machine) stopsOutside() bool {
	stop := m.outside.stop
	m.outside.stop = false
	return stop
}
