// SPDX-License-Identifier: GPL-2.0-or-later

package apic

import "math"

// Modes of the timer, bits 18:17 of its LVT entry (SDM 11.5.4). The reserved
// value 3 behaves as one-shot.
const (
	timerOneShot  = 0
	timerPeriodic = 1
	timerDeadline = 2
)

// timerState is the timer's part of the state. The counter is not stored: it is
// Count at virtual time Start, and one less every 2^shift ns after it, where
// the shift follows from Divide. Reloads fall on multiples of the period after
// its first zero, so that nothing drifts however late an expiry is served.
type timerState struct {
	Initial  uint32 // initial count register, the reload value of periodic mode
	Divide   uint32 // divide configuration register, bits 3, 1 and 0
	Count    uint32 // the counter at Start; 0: stopped
	Start    uint64 // virtual ns
	Deadline uint64 // IA32_TSC_DEADLINE; 0: not armed
	Expiry   uint64 // virtual ns of the next interrupt
	Armed    bool   // Expiry is to come: the timer runs and is not masked
}

func timerMode(entry uint32) uint32 { return entry >> lvtTimerShift & 3 }

func (l *Local) timerMode() uint32 { return timerMode(l.s.LVT[lvtTimer]) }

// divideShift returns log2 of the ns a count takes. The timer's input clock
// runs at 1 GHz of virtual time; bits 3, 1 and 0 of the divide configuration
// give a divisor of 2, 4, … 128 and, for 111, 1 (SDM figure 11-10).
func (t *timerState) divideShift() uint {
	return uint((t.Divide>>1&4|t.Divide&3)+1) & 7
}

// currentCount returns the counter at virtual time now.
func (l *Local) currentCount(now uint64) uint32 {
	t := &l.s.Timer
	if t.Count == 0 || l.timerMode() == timerDeadline {
		return 0
	}
	ticks := (now - t.Start) >> t.divideShift()
	switch {
	case ticks < uint64(t.Count):
		return t.Count - uint32(ticks)
	case l.timerMode() != timerPeriodic:
		return 0
	}
	return t.Initial - uint32((ticks-uint64(t.Count))%uint64(t.Initial))
}

// settle serves an expiry that is due at this very instant, before the guest
// changes the timer's course: it came first.
func (l *Local) settle(now uint64) {
	if t := &l.s.Timer; t.Armed && t.Expiry <= now {
		l.expire()
	}
}

// rebase makes now the counter's start instant, before something changes its
// course. A fraction of a count that had passed is lost, as in a prescaler reset.
func (l *Local) rebase(now uint64) {
	l.s.Timer.Count = l.currentCount(now)
	l.s.Timer.Start = now
}

// writeInitialCount starts the counter, or stops it with 0. It is ignored in
// TSC-deadline mode (SDM 11.5.4.1).
func (l *Local) writeInitialCount(value uint32) {
	if l.timerMode() == timerDeadline {
		return
	}
	now := l.cfg.Clock.Now()
	l.settle(now)
	t := &l.s.Timer
	t.Initial, t.Count, t.Start = value, value, now
	l.schedule(now)
}

// writeDivide changes the speed; the count goes on from where it is.
func (l *Local) writeDivide(value uint32) {
	now := l.cfg.Clock.Now()
	l.settle(now)
	l.rebase(now)
	l.s.Timer.Divide = value & 0xB
	l.schedule(now)
}

// writeTimerLVT writes the timer's LVT entry. Going to or from TSC-deadline
// mode disarms the timer; between the other two the count goes on. An expiry
// that passes while the entry is masked is lost.
func (l *Local) writeTimerLVT(entry uint32) {
	now := l.cfg.Clock.Now()
	l.settle(now)
	t, old := &l.s.Timer, l.s.LVT[lvtTimer]
	if timerMode(old) == timerMode(entry) && (old^entry)&lvtMasked == 0 {
		l.s.LVT[lvtTimer] = entry
		return
	}
	l.rebase(now)
	switch {
	case (timerMode(old) == timerDeadline) != (timerMode(entry) == timerDeadline):
		*t = timerState{Divide: t.Divide}
	case l.cfg.TSC() >= t.Deadline:
		t.Deadline = 0
	}
	l.s.LVT[lvtTimer] = entry
	l.schedule(now)
}

// schedule arms the timer for its first expiry after now, or for now itself if
// that is a TSC deadline already reached.
func (l *Local) schedule(now uint64) {
	t := &l.s.Timer
	t.Expiry, t.Armed = 0, false
	if l.s.LVT[lvtTimer]&lvtMasked == 0 {
		t.Expiry, t.Armed = l.nextExpiry(now)
	}
	if t.Armed {
		l.timer.Arm(t.Expiry)
	} else {
		l.timer.Disarm()
	}
}

// nextExpiry returns the first expiry after now in virtual ns; ok is false if
// there is none.
func (l *Local) nextExpiry(now uint64) (ns uint64, ok bool) {
	t := &l.s.Timer
	if l.timerMode() == timerDeadline {
		tsc := l.cfg.TSC()
		switch {
		case t.Deadline == 0:
			return 0, false
		case t.Deadline <= tsc:
			return now, true
		}
		wait := t.Deadline - tsc
		return now + wait, wait < math.MaxUint64-now // later than the end of time: never
	}
	count := l.currentCount(now)
	if count == 0 {
		return 0, false
	}
	shift := t.divideShift()
	ticks := (now-t.Start)>>shift + uint64(count)
	return t.Start + ticks<<shift, true
}

// expire serves the clock at Expiry or, if no instruction ended then, a little
// later. Expiries that a late one has passed over are one interrupt: a request
// bit holds no more.
func (l *Local) expire() {
	l.s.Timer.Deadline = 0
	l.schedule(l.cfg.Clock.Now())
	l.accept(uint8(l.s.LVT[lvtTimer]), false)
}
