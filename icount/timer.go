// SPDX-License-Identifier: GPL-2.0-or-later

package icount

// Timer calls a device back at an instant of virtual time. Devices create their
// timers once, when the board is built, so that the creation order — which
// breaks ties — is a property of the board and not of the guest's history.
// A device saves its own deadlines and arms its timers again when it is loaded.
type Timer struct {
	clock    *Clock
	fire     func()
	deadline uint64 // virtual ns
	armed    bool
}

// NewTimer adds a disarmed timer that will call fire at its deadline.
func (c *Clock) NewTimer(fire func()) *Timer {
	t := &Timer{clock: c, fire: fire}
	c.timers = append(c.timers, t)
	return t
}

// Arm sets the deadline in virtual ns, replacing an earlier one. A deadline that
// is already past fires at the next instruction boundary.
func (t *Timer) Arm(deadline uint64) {
	t.deadline, t.armed = deadline, true
	t.notify()
}

// Disarm cancels the timer; it does nothing if it is not armed.
func (t *Timer) Disarm() {
	if t.armed {
		t.armed = false
		t.notify()
	}
}

// Deadline returns the deadline in virtual ns; ok is false if not armed.
func (t *Timer) Deadline() (ns uint64, ok bool) { return t.deadline, t.armed }

func (t *Timer) notify() {
	if t.clock.changed != nil {
		t.clock.changed()
	}
}
