// SPDX-License-Identifier: GPL-2.0-or-later

package rtc

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/vmrr/vmrr/devices"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/internal/testdevice"
)

// rig is an RTC with a hand-driven clock of 1 ns an instruction.
type rig struct {
	*RTC
	clock *icount.Clock
	now   uint64
	irq   bool
}

func newRig(t *testing.T) *rig {
	t.Helper()
	r := &rig{}
	clock, err := icount.NewClock(0, func() uint64 { return r.now })
	if err != nil {
		t.Fatal(err)
	}
	r.clock = clock
	r.RTC = New(Config{Clock: clock, IRQ: devices.LineFunc(func(high bool) { r.irq = high })})
	return r
}

func (r *rig) at(ns uint64) {
	for {
		d, ok := r.clock.NextDeadline()
		if !ok || d > ns {
			break
		}
		r.now = max(d, r.now)
		r.clock.RunDue()
	}
	r.now = ns
}

func (r *rig) get(reg uint8) uint8 {
	r.Out(Port, 1, uint32(reg))
	return uint8(r.In(Port+1, 1))
}

func (r *rig) set(reg, v uint8) { r.Out(Port, 2, uint32(v)<<8|uint32(reg)) }

// shown returns the time bytes from century to seconds and the weekday.
func (r *rig) shown() string {
	return fmt.Sprintf("%02x%02x-%02x-%02x %02x:%02x:%02x %x", r.get(regCentury), r.get(regYear), r.get(regMonth),
		r.get(regDay), r.get(regHours), r.get(regMinutes), r.get(regSeconds), r.get(regWeekday))
}

func TestCalendarAgreesWithGo(t *testing.T) {
	r := newRig(t)
	for _, base := range []int64{-62167219200, -1, 0, 951782399, 951868800, 1709164800, 4107542399, 253402300799} {
		for sec := base - 90000*50; sec < base+90000*50; sec += 86399 {
			g := time.Unix(sec, 0).UTC()
			c := r.calendar(sec)
			want := calendar{int64(g.Year()), int64(g.Month()), int64(g.Day()), int64(g.Weekday()) + 1,
				int64(g.Hour()), int64(g.Minute()), int64(g.Second())}
			if c != want {
				t.Fatalf("calendar(%d) = %v; want %v", sec, c, want)
			}
			if got := daysSince1970(c.year, c.month, c.day)*secondsPerDay + c.hour*3600 + c.min*60 + c.sec; got != sec {
				t.Fatalf("the inverse of calendar(%d) = %d", sec, got)
			}
		}
	}
}

func TestFormats(t *testing.T) {
	noon, midnight := int64(1709208000), int64(1709164800) // Thursday, 29 February 2024
	for _, c := range []struct {
		b    uint8
		sec  int64
		want string
	}{
		{b24, noon + 59, "2024-02-29 12:00:59 5"},
		{b24 | bDM, noon + 59, "1418-02-1d 0c:00:3b 5"},
		{0, noon, "2024-02-29 92:00:00 5"},
		{0, noon + 3600*11, "2024-02-29 91:00:00 5"},
		{0, midnight, "2024-02-29 12:00:00 5"},
		{bDM, midnight + 13*3600, "1418-02-1d 81:00:00 5"},
		{b24, midnight + 86400, "2024-03-01 00:00:00 6"},
	} {
		r := newRig(t)
		r.SetTime(c.sec)
		r.set(regB, c.b)
		if got := r.shown(); got != c.want {
			t.Errorf("register B %#x, second %d: %q; want %q", c.b, c.sec, got, c.want)
		}
		r.set(regB, c.b|bSET) // through the stored form and back
		r.set(regB, c.b)
		if got := r.shown(); got != c.want {
			t.Errorf("register B %#x after SET: %q; want %q", c.b, got, c.want)
		}
	}
}

func TestGuestSetsTime(t *testing.T) {
	r := newRig(t)
	r.SetTime(1709208000)
	r.at(300e6)
	r.set(regB, b24|bSET)
	r.set(regA, 0x66) // divider in reset
	for _, v := range [][2]uint8{{regYear, 0x99}, {regCentury, 0x19}, {regMonth, 0x12}, {regDay, 0x31},
		{regHours, 0x23}, {regMinutes, 0x59}, {regSeconds, 0x59}, {regWeekday, 2}} {
		r.set(v[0], v[1])
	}
	r.at(7e9)
	if got, want := r.shown(), "1999-12-31 23:59:59 2"; got != want {
		t.Errorf("stopped: %q; want %q", got, want)
	}
	r.set(regA, 0x26)
	r.set(regB, b24)
	r.at(7.5e9 - 1)
	if got, want := r.shown(), "1999-12-31 23:59:59 2"; got != want {
		t.Errorf("just before the first update: %q; want %q", got, want)
	}
	r.at(7.5e9)
	if got, want := r.shown(), "2000-01-01 00:00:00 3"; got != want {
		t.Errorf("half a second after the divider was released: %q; want %q", got, want)
	}
	r.set(regMinutes, 0x30) // without SET
	r.at(8.5e9)
	if got, want := r.shown(), "2000-01-01 00:30:01 3"; got != want {
		t.Errorf("minutes written while running: %q; want %q", got, want)
	}
}

func TestSETKeepsPhase(t *testing.T) {
	r := newRig(t)
	r.at(400e6)
	r.set(regB, b24|bSET)
	r.at(5.7e9)
	r.set(regB, b24)
	r.at(6e9 - 1)
	if got := r.get(regSeconds); got != 0 {
		t.Errorf("before the divider's next second: seconds = %d; want 0", got)
	}
	r.at(6e9)
	if got := r.get(regSeconds); got != 1 {
		t.Errorf("at the divider's next second: seconds = %d; want 1", got)
	}
}

func TestUIP(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		ns   uint64
		b    uint8
		want uint8
	}{
		{0, b24, 0x26}, {1e9 - updateLead - 1, b24, 0x26}, {1e9 - updateLead, b24, 0xa6},
		{1e9 - 1, b24, 0xa6}, {1e9, b24, 0x26}, {2e9 - 1, b24 | bSET, 0x26},
	} {
		r.at(c.ns)
		r.set(regB, c.b)
		if got := r.get(regA); got != c.want {
			t.Errorf("register A at %d ns, B %#x = %#x; want %#x", c.ns, c.b, got, c.want)
		}
	}
}

func TestPeriodicInterrupt(t *testing.T) {
	for _, c := range []struct {
		rate uint8
		hz   uint64
	}{{1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {15, 2}} {
		r := newRig(t)
		r.set(regA, 0x20|c.rate)
		r.set(regB, b24|irqP)
		n := uint64(0)
		for {
			d, ok := r.clock.NextDeadline()
			if !ok || d > 3e9 {
				break
			}
			n++
			if want := (n*1e9 + c.hz - 1) / c.hz; d != want {
				t.Fatalf("rate %d: interrupt %d at %d ns; want %d", c.rate, n, d, want)
			}
			r.at(d)
			if got := r.get(regC); got != cIRQF|irqP && got != cIRQF|irqP|irqU {
				t.Fatalf("rate %d: register C = %#x; want 0xc0 or 0xd0", c.rate, got)
			}
			if r.irq {
				t.Fatalf("rate %d: IRQ is high after register C was read", c.rate)
			}
		}
		if n != 3*c.hz {
			t.Errorf("rate %d: %d interrupts in 3 s; want %d", c.rate, n, 3*c.hz)
		}
	}
}

func TestAlarm(t *testing.T) {
	const midnight = 1709164800
	for _, c := range []struct {
		name    string
		h, m, s uint8
		b       uint8
		after   uint64 // s until the interrupt; 0 for never
	}{
		{"exact", 0x13, 0x05, 0x09, b24, 13*3600 + 5*60 + 9},
		{"every second", 0xff, 0xff, 0xff, b24, 1},
		{"every minute", 0xff, 0xff, 0x30, b24, 30},
		{"every hour", 0xc0, 0x10, 0x00, b24, 600},
		{"binary, 12 hours", 0x81, 30, 0, bDM, 13*3600 + 1800},
		{"midnight again", 0, 0, 0, b24, 86400},
		{"impossible", 0x24, 0, 0, b24, 0},
	} {
		r := newRig(t)
		r.SetTime(midnight)
		r.set(regHoursAlarm, c.h)
		r.set(regMinutesAlarm, c.m)
		r.set(regSecondsAlarm, c.s)
		r.set(regB, c.b|irqA)
		d, ok := r.clock.NextDeadline()
		if !ok && c.after == 0 {
			continue
		}
		if !ok || d != c.after*1e9 {
			t.Errorf("%s: alarm armed %v for %d ns; want %d", c.name, ok, d, c.after*1000000000)
			continue
		}
		r.at(d)
		if !r.irq {
			t.Errorf("%s: IRQ is low at the alarm; want high", c.name)
		}
		if got := r.get(regC) &^ irqP; got != cIRQF|irqA|irqU {
			t.Errorf("%s: register C = %#x; want 0xb0", c.name, got)
		}
	}
}

func TestUpdateInterruptAndFlags(t *testing.T) {
	r := newRig(t)
	r.set(regA, 0x20)
	r.at(3.5e9)
	if _, ok := r.clock.NextDeadline(); ok {
		t.Error("nothing enabled: a timer is armed; want none")
	}
	if got := r.get(regC); got != irqU {
		t.Errorf("flags without enables = %#x; want %#x", got, irqU)
	}
	if got := r.get(regC); got != 0 {
		t.Errorf("flags read again = %#x; want 0", got)
	}
	r.set(regB, b24|irqU)
	r.at(4e9)
	if !r.irq {
		t.Error("IRQ at the update is low; want high")
	}
	if _, ok := r.clock.NextDeadline(); ok {
		t.Error("interrupt pending: a timer is armed; want none until it is read")
	}
	r.at(9.1e9)
	if got := r.get(regC); got != cIRQF|irqU || r.irq {
		t.Errorf("register C = %#x with IRQ %v after; want 0x90 and low", got, r.irq)
	}
	r.set(regB, b24|irqU|bSET)
	if got := r.get(regB); got != b24|bSET {
		t.Errorf("register B after SET = %#x; want UIE cleared", got)
	}
	r.set(regB, b24)
	r.at(11e9)
	r.set(regB, b24|irqU)
	if !r.irq {
		t.Error("UIE enabled with UF set: IRQ is low; want high")
	}
}

func TestPortsAndMemory(t *testing.T) {
	r := newRig(t)
	r.SetCMOS(0x15, 0x80)
	r.SetCMOS(0x7f, 0x12)
	for reg, want := range map[uint8]uint8{0x15: 0x80, 0x7f: 0x12, regD: 0x80, regB: b24} {
		if got := r.get(reg); got != want {
			t.Errorf("CMOS %#x = %#x; want %#x", reg, got, want)
		}
	}
	r.set(0x8f, 0x0a) // NMI masked, shutdown byte
	if !r.NMIMasked() {
		t.Error("NMIMasked after index 0x8f = false; want true")
	}
	if got := r.get(0x0f); got != 0x0a || r.NMIMasked() {
		t.Errorf("CMOS 0xf = %#x, NMI masked %v; want 0xa, false", got, r.NMIMasked())
	}
	if got := r.In(Port, 2); got != 0x0aff {
		t.Errorf("In(0x70, 2) = %#x; want 0x0aff", got)
	}
	r.set(regC, 0xff)
	r.set(regD, 0)
	if c, d := r.get(regC), r.get(regD); c != 0 || d != dVRT {
		t.Errorf("registers C, D after writes = %#x, %#x; want 0, 0x80", c, d)
	}
	for _, addr := range []int{0, regB, regCentury, 128} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("SetCMOS(%#x) did not panic", addr)
				}
			}()
			r.SetCMOS(addr, 1)
		}()
	}
}

func TestResetKeepsBattery(t *testing.T) {
	r := newRig(t)
	r.SetTime(1709208000)
	r.SetCMOS(0x40, 0x77)
	r.set(regB, b24|irqU|irqP|bSQWE)
	r.at(1e9)
	r.Reset()
	if _, ok := r.clock.NextDeadline(); ok || r.irq {
		t.Errorf("after Reset: timer armed %v, IRQ %v; want neither", ok, r.irq)
	}
	if b, c, ram := r.get(regB), r.get(regC), r.get(0x40); b != b24 || c != 0 || ram != 0x77 {
		t.Errorf("after Reset: B %#x, C %#x, memory %#x; want 0x2, 0, 0x77", b, c, ram)
	}
	r.at(2e9)
	if got, want := r.shown(), "2024-02-29 12:00:02 5"; got != want {
		t.Errorf("after Reset: %q; want %q", got, want)
	}
}

func TestSaveLoad(t *testing.T) {
	a := newRig(t)
	a.SetTime(951868799)
	a.set(regWeekday, 6)
	a.set(regSecondsAlarm, 0x02)
	a.set(regMinutesAlarm, 0xff)
	a.set(regHoursAlarm, 0xff)
	a.set(regA, 0x2f)
	a.set(regB, b24|irqA|irqP)
	a.at(0.7e9)
	b := newRig(t)
	b.now = a.now
	blob := testdevice.Copy(t, a, b)
	if b.irq != a.irq {
		t.Errorf("IRQ after Load = %v; want %v", b.irq, a.irq)
	}
	run := func(r *rig) (s string) {
		for ns := uint64(0.9e9); ns < 6e9; ns += 0.3e9 {
			r.at(ns)
			s += fmt.Sprintf("%v %x %s\n", r.irq, r.get(regC), r.shown())
		}
		return s
	}
	want, got := run(a), run(b)
	if got != want {
		t.Errorf("after Load the guest sees\n%swant\n%s", got, want)
	}
	if !bytes.Equal(a.Save(), b.Save()) {
		t.Error("the states after the continuation differ")
	}
	bad := a.s
	bad.Index = 200
	for name, blob := range map[string][]byte{
		"newer":   devices.EncodeState(version+1, &state{}),
		"short":   blob[:5],
		"damaged": devices.EncodeState(version, &bad),
	} {
		var se *devices.StateError
		if err := b.Load(blob); !errors.As(err, &se) {
			t.Errorf("Load of a %s state = %v; want a *devices.StateError", name, err)
		}
	}
}
