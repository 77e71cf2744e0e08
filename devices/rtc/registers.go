// SPDX-License-Identifier: GPL-2.0-or-later

package rtc

const second = 1_000_000_000 // ns

// updateLead is how long before the end of a second UIP announces the update
// (244 µs, eight cycles of 32,768 Hz). The update itself takes no time here.
const updateLead = 244_141 // ns

// restartPhase is the part of a second that has passed when the divider is
// released from reset: the first update comes half a second later.
const restartPhase = second / 2

// timeRegisters are the bytes that show the time of day.
var timeRegisters = [...]uint8{
	regSeconds, regMinutes, regHours, regWeekday, regDay, regMonth, regYear, regCentury,
}

func isTime(reg uint8) bool {
	for _, t := range timeRegisters {
		if t == reg {
			return true
		}
	}
	return false
}

// dividing reports whether the divider counts: one of the three time bases is
// selected in register A. They are not told apart, as a PC has one crystal.
func (r *RTC) dividing() bool { return r.s.CMOS[regA]>>4&7 <= 2 }

// running reports whether the time of day advances.
func (r *RTC) running() bool { return r.dividing() && r.s.CMOS[regB]&bSET == 0 }

// phase returns the ns since the last boundary of a second.
func (r *RTC) phase(at int64) int64 { return (at - r.s.SecAt) % second }

// secondAt returns the guest's seconds since 1970; the clock must be running.
func (r *RTC) secondAt(at int64) int64 { return r.s.Sec + (at-r.s.SecAt)/second }

// freeze stores the running time into the time bytes.
func (r *RTC) freeze(now int64) {
	t := r.calendar(r.secondAt(now))
	for _, reg := range timeRegisters {
		r.s.CMOS[reg] = r.encode(reg, t)
	}
}

// thaw starts the clock from the time bytes. The divider's phase stays.
func (r *RTC) thaw(now int64) {
	r.s.SecAt = now - r.phase(now)
	r.s.Sec, r.s.Weekday = r.decode()
}

func (r *RTC) read(reg uint8) uint8 {
	now := r.now()
	switch {
	case isTime(reg) && r.running():
		return r.encode(reg, r.calendar(r.secondAt(now)))
	case reg == regA && r.running() && r.phase(now) >= second-updateLead:
		return r.s.CMOS[regA] | aUIP
	case reg == regC: // reading clears the flags
		r.see(now)
		v := r.s.CMOS[regC]
		if r.interrupting() {
			v |= cIRQF
		}
		r.s.CMOS[regC] = 0
		r.update()
		return v
	}
	return r.s.CMOS[reg]
}

func (r *RTC) write(reg, v uint8) {
	now := r.now()
	r.see(now) // under the old settings
	switch {
	case isTime(reg) && r.running():
		r.freeze(now)
		r.s.CMOS[reg] = v
		r.thaw(now)
	case reg == regA:
		r.control(v&^aUIP, r.s.CMOS[regB], now)
	case reg == regB:
		if v&bSET != 0 {
			v &^= irqU // SET clears UIE
		}
		r.control(r.s.CMOS[regA], v, now)
	case reg == regC || reg == regD: // read-only
	default:
		r.s.CMOS[reg] = v
	}
	r.update()
}

// control changes registers A and B, starting or stopping the clock. A stopped
// time keeps its format; a started one is read in the format then selected.
func (r *RTC) control(a, b uint8, now int64) {
	wasDividing, wasRunning := r.dividing(), r.running()
	if wasRunning {
		r.freeze(now)
	}
	r.s.CMOS[regA], r.s.CMOS[regB] = a, b
	if !wasDividing && r.dividing() {
		r.s.SecAt = now - restartPhase
	}
	if !wasRunning && r.running() {
		r.thaw(now)
	}
}
