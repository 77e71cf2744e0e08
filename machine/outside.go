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
// before it is made; nil: nobody is. PowerOn makes none. Within a Run f may return true:
// the run stops behind the writes of that one cause, with StopOutside.
func (m *Machine) OnOutside(f func(OutsideWrite) (stop bool)) { m.onOutside = f }

// outside is who writes to RAM now, and what became of it.
type outside struct {
	by     string // empty: nobody who has given a name
	before uint64
	none   bool // what is written is the beginning, and no write from outside
	stop   bool // somebody who was told in this Run wants it to
}

// by makes what f writes to RAM an OutsideWrite under a name. f runs between two
// instructions.
func (m *Machine) by(who string, before uint64, f func() error) error {
	m.outside.by, m.outside.before = who, before
	defer func() { m.outside.by = "" }()
	return f()
}

// aDevice is whom a write is taken for that nobody has put his name to.
const aDevice = "a device"

// written is told by RAM that something is about to be written.
func (m *Machine) written(pa uint64, data []byte) {
	if m.outside.none || m.onOutside == nil {
		return
	}
	w := OutsideWrite{By: m.outside.by, Before: m.outside.before, PA: pa, Data: data}
	if w.By == "" {
		// A device writes in the middle of an instruction, which is counted already, or
		// when a timer fires.
		w.By, w.Before = aDevice, m.lastWithout()
	}
	if !m.onOutside(w) {
		return
	}
	m.outside.stop = true
	if m.running {
		m.Engine.SetLimit(0)
	}
}

// lastWithout returns the count of the last canonical state without what happens now.
func (m *Machine) lastWithout() uint64 {
	at := m.Moment()
	if at.Sub == 0 && at.ICount > 0 { // it belongs to the canonical state at this count
		return at.ICount - 1
	}
	return at.ICount
}

// stopsOutside reports whether a write from outside is to end the Run, and forgets it.
func (m *Machine) stopsOutside() bool {
	stop := m.outside.stop
	m.outside.stop = false
	return stop
}
