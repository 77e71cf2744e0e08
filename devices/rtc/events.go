// SPDX-License-Identifier: GPL-2.0-or-later

package rtc

// crystal is the time base in Hz; a second is a whole number of its cycles.
const crystal = 32_768

// anyValue in the top two bits of an alarm byte matches every time.
const anyValue = 0xc0

// see brings register C up to an instant: it sets the flag of every event since
// the last time, enabled or not. Settings must not have changed in between.
func (r *RTC) see(now int64) {
	s := &r.s
	if r.running() {
		from, to := r.secondAt(s.Seen), r.secondAt(now)
		if to > from {
			s.CMOS[regC] |= irqU
			if at, ok := r.nextAlarm(from); ok && at <= to {
				s.CMOS[regC] |= irqA
			}
		}
	}
	if p := r.period(); p != 0 && r.periods(p, now) > r.periods(p, s.Seen) {
		s.CMOS[regC] |= irqP
	}
	s.Seen = now
}

// event is the timer: an enabled interrupt is due.
func (r *RTC) event() {
	r.see(r.now())
	r.update()
}

// interrupting reports IRQF: a flag is set whose interrupt is enabled.
func (r *RTC) interrupting() bool { return r.s.CMOS[regC]&r.s.CMOS[regB]&irqs != 0 }

// update drives the interrupt line and arms the timer for the first event that
// can raise it. A flag that is set already needs no timer until it is read.
func (r *RTC) update() {
	r.irq.Set(r.interrupting())
	s := &r.s
	waiting := s.CMOS[regB] &^ s.CMOS[regC]
	deadline, armed := int64(0), false
	consider := func(at int64) {
		if !armed || at < deadline {
			deadline, armed = at, true
		}
	}
	if waiting&irqU != 0 && r.running() {
		consider(s.Seen - r.phase(s.Seen) + second)
	}
	if waiting&irqA != 0 && r.running() {
		if at, ok := r.nextAlarm(r.secondAt(s.Seen)); ok {
			consider(s.SecAt + (at-s.Sec)*second)
		}
	}
	if p := r.period(); waiting&irqP != 0 && p != 0 {
		n := r.periods(p, s.Seen) + 1
		perSecond := crystal / p
		cycles := n % perSecond * p
		consider(s.SecAt + n/perSecond*second + (cycles*second+crystal-1)/crystal)
	}
	if armed {
		r.timer.Arm(uint64(deadline))
	} else {
		r.timer.Disarm()
	}
}

// period returns the periodic interrupt's period in cycles of the crystal, 0 if
// off (MC146818A table 5). Rates 1 and 2 repeat 8 and 9.
func (r *RTC) period() int64 {
	rate := r.s.CMOS[regA] & aRate
	switch {
	case rate == 0 || !r.dividing():
		return 0
	case rate <= 2:
		rate += 7
	}
	return 1 << (rate - 1)
}

// periods returns how many periods of p cycles ended from SecAt to an instant.
func (r *RTC) periods(p, at int64) int64 {
	e := at - r.s.SecAt
	return e/second*(crystal/p) + e%second*crystal/second/p
}

// nextAlarm returns the first second after the given one whose hour, minute and
// second match the alarm bytes; ok is false if none of a day does.
func (r *RTC) nextAlarm(after int64) (sec int64, ok bool) {
	for s := after + 1; s <= after+secondsPerDay; {
		t := r.calendar(s)
		switch {
		case !r.matches(regHoursAlarm, regHours, t):
			s += 3600 - t.min*60 - t.sec
		case !r.matches(regMinutesAlarm, regMinutes, t):
			s += 60 - t.sec
		case !r.matches(regSecondsAlarm, regSeconds, t):
			s++
		default:
			return s, true
		}
	}
	return 0, false
}

func (r *RTC) matches(alarm, reg uint8, t calendar) bool {
	a := r.s.CMOS[alarm]
	return a >= anyValue || a == r.encode(reg, t)
}
